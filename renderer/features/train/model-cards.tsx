import { Button, Group } from '@mantine/core'
import { Link } from 'wouter'
import { canLearn } from '../../../core/contract/architectures.ts'
import type { Model } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { formatShort } from '../../ui/format.ts'
import { ChoiceCard } from './choice-card.tsx'
import styles from './train.module.css'

export interface ModelCardsProps {
  models: readonly Model[]
  chosen: string | null
  /** What it is to learn, once that is known. */
  task: TaskName | null
  onChoose: (id: string) => void
}

export function ModelCards({ models, chosen, task, onChoose }: ModelCardsProps) {
  if (models.length === 0) return <NoModel onAdded={onChoose} />
  return (
    <div className={styles.cards} role="radiogroup" aria-label="Model">
      {models.map((model) => (
        <ChoiceCard
          key={model.id}
          group="model"
          title={model.name}
          facts={`${formatShort(model.parameters)} parameters`}
          checked={model.id === chosen}
          onChoose={() => onChoose(model.id)}
          {...(task && !canLearn(model.architecture, task) && { unfit: 'not for this task' })}
        >
          {model.architecture} · {model.layers} layers × {model.hiddenSize} wide
          {model.maxPositions > 0 && ` · up to ${model.maxPositions} tokens`}
        </ChoiceCard>
      ))}
      <Link href="/models" className={styles.more}>
        Add a model…
      </Link>
    </div>
  )
}

function NoModel({ onAdded }: { onAdded: (id: string) => void }) {
  const info = useCall('app.info', {})
  const act = useAct('models.add', { onSuccess: ({ model }) => onAdded(model.id) })
  const starter = info.data?.starters.find(({ available }) => available)
  return (
    <div className={styles.nothing}>
      <span>There is no model yet.</span>
      <Group gap="xs">
        {starter && (
          <Button
            loading={act.isPending}
            onClick={() => act.mutate({ source: { kind: 'sample', name: starter.name }, name: starter.title })}
          >
            Add {starter.title}
          </Button>
        )}
        <Button component={Link} href="/models" variant="default">
          Add a folder
        </Button>
      </Group>
    </div>
  )
}
