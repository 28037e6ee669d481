import { Button, Drawer, Group } from '@mantine/core'
import { Play } from 'lucide-react'
import { Link } from 'wouter'
import { canAdapt } from '../../../core/contract/architectures.ts'
import { lineageOf, type Model } from '../../../core/contract/domain.ts'
import { formatBytes, formatCount, formatWhen } from '../../ui/format.ts'
import { ModelMenu } from './model-menu.tsx'
import styles from './models.module.css'

/** All that is known of one model. */
export function ModelDrawer({ model, onClose }: { model: Model | null; onClose: () => void }) {
  return (
    <Drawer
      opened={model !== null}
      onClose={onClose}
      position="right"
      size={440}
      title={model?.name}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {model && <Facts model={model} />}
    </Drawer>
  )
}

/** A model that a run made leads back to it. */
function Source({ model }: { model: Model }) {
  const lineage = lineageOf(model)
  if (lineage === null) return model.source
  return (
    <Link href={`/runs/${lineage.run}`}>
      the run “{lineage.name}”, step {lineage.step}
    </Link>
  )
}

function Facts({ model }: { model: Model }) {
  return (
    <>
      <Group gap="xs" mb="lg">
        <Button component={Link} href={`/new?model=${model.id}`} leftSection={<Play size={14} />}>
          Fine-tune it
        </Button>
        <ModelMenu model={model} />
      </Group>
      <dl className={styles.facts}>
        <dt>Architecture</dt>
        <dd>{model.architecture}</dd>
        <dt>Parameters</dt>
        <dd>{formatCount(model.parameters)}</dd>
        <dt>Layers</dt>
        <dd>{model.layers}</dd>
        <dt>Hidden size</dt>
        <dd>{formatCount(model.hiddenSize)}</dd>
        {model.heads > 0 && (
          <>
            <dt>Attention heads</dt>
            <dd>{model.heads}</dd>
          </>
        )}
        <dt>Vocabulary</dt>
        <dd>{model.vocabSize > 0 ? `${formatCount(model.vocabSize)} tokens` : 'reads no text'}</dd>
        <dt>Max length</dt>
        <dd>{model.maxPositions > 0 ? `${formatCount(model.maxPositions)} tokens` : 'any'}</dd>
        <dt>Size on disk</dt>
        <dd>{formatBytes(model.bytes)}</dd>
        <dt>Licence</dt>
        <dd>{model.licence ?? 'not stated'}</dd>
        <dt>Came from</dt>
        <dd>
          <Source model={model} />
        </dd>
        <dt>Added</dt>
        <dd>{formatWhen(model.createdAt, Date.now())}</dd>
        <dt>Layers for LoRA</dt>
        <dd>{canAdapt(model.architecture) ? model.linearModules.join(', ') : 'none'}</dd>
        <dt>Weights</dt>
        <dd>
          <code>{model.weightsHash}</code>
        </dd>
        <dt>Tokenizer</dt>
        <dd>
          <code>{model.tokenizerHash}</code>
        </dd>
      </dl>
    </>
  )
}
