import { Button, Group } from '@mantine/core'
import { Link } from 'wouter'
import type { Dataset } from '../../../core/contract/domain.ts'
import { taskTitles } from '../../../core/contract/settings.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { plural } from '../../ui/format.ts'
import { ChoiceCard } from './choice-card.tsx'
import styles from './train.module.css'

export interface DatasetCardsProps {
  datasets: readonly Dataset[]
  chosen: string | null
  onChoose: (dataset: Dataset) => void
}

export function DatasetCards({ datasets, chosen, onChoose }: DatasetCardsProps) {
  if (datasets.length === 0) return <NoDataset onImported={onChoose} />
  return (
    <div className={styles.cards} role="radiogroup" aria-label="Dataset">
      {datasets.map((dataset) => (
        <ChoiceCard
          key={dataset.id}
          group="dataset"
          title={dataset.name}
          facts={plural(dataset.rows, 'row')}
          checked={dataset.id === chosen}
          onChoose={() => onChoose(dataset)}
        >
          {classesLine(dataset)}
        </ChoiceCard>
      ))}
      <Link href="/datasets" className={styles.more}>
        Import a dataset…
      </Link>
    </div>
  )
}

function classesLine({ task, labels, contentHash }: Dataset): string {
  if (labels.length === 0) return `${taskTitles[task]} · version ${contentHash.slice(0, 8)}`
  const names = labels.slice(0, 4).map(({ label }) => label)
  const more = labels.length > names.length ? `, … (${labels.length})` : ''
  return `${names.join(', ')}${more} · version ${contentHash.slice(0, 8)}`
}

function NoDataset({ onImported }: { onImported: (dataset: Dataset) => void }) {
  const info = useCall('app.info', {})
  const act = useAct('datasets.import', { onSuccess: ({ dataset }) => onImported(dataset) })
  const sample = info.data?.samples.find(({ available }) => available)
  if (info.isPending) return null
  return (
    <div className={styles.nothing}>
      <span>There is no dataset yet.</span>
      <Group gap="xs">
        {sample && (
          <Button
            loading={act.isPending}
            onClick={() => act.mutate({ source: { kind: 'sample', name: sample.name }, name: sample.title })}
          >
            Import the sample dataset
          </Button>
        )}
        <Button component={Link} href="/datasets" variant="default">
          Import a file
        </Button>
      </Group>
    </div>
  )
}
