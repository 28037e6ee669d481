import { Button, Kbd } from '@mantine/core'
import { Play } from 'lucide-react'
import type { Dataset, Model } from '../../../core/contract/domain.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatCount, formatShort } from '../../ui/format.ts'
import { readableKeys } from '../../ui/shortcuts.ts'
import { ConfigPreview } from './config-preview.tsx'
import { commandOf, type Draft, type ReadDraft, settingOf } from './draft.ts'
import { estimateSteps, methodLines, trainableParameters } from './estimates.ts'
import { writeNumber } from './field.ts'
import styles from './train.module.css'
import { TruncationLine } from './truncation-line.tsx'

export interface SummaryProps {
  draft: Draft
  read: ReadDraft
  model: Model | undefined
  dataset: Dataset | undefined
  config: RunConfigInput | null
  blocked: string | null
  error: unknown
  starting: boolean
  onStart: (() => void) | null
  /** The same from a shell, where it is not a plain start. */
  command?: string | undefined
}

/** What the form comes to, and the button. */
export function Summary({
  draft,
  read,
  model,
  dataset,
  config,
  blocked,
  error,
  starting,
  onStart,
  command,
}: SummaryProps) {
  const { method } = draft
  const setting = <Name extends Parameters<typeof settingOf>[1]>(name: Name) =>
    settingOf(read.given, name, method, model?.architecture)
  const steps =
    dataset &&
    estimateSteps(dataset, {
      validation_split: setting('validation_split'),
      max_train_samples: setting('max_train_samples'),
      max_eval_samples: setting('max_eval_samples'),
      per_device_train_batch_size: setting('per_device_train_batch_size'),
      gradient_accumulation_steps: setting('gradient_accumulation_steps'),
      num_train_epochs: setting('num_train_epochs'),
      max_steps: setting('max_steps'),
    })
  const trained =
    model &&
    trainableParameters(model, dataset?.labels.length ?? 2, method, {
      lora_r: setting('lora_r'),
      target_modules: setting('target_modules'),
    })
  return (
    <aside className={styles.summary} aria-label="Summary">
      <h2 className={styles.sectionTitle}>This run</h2>
      <dl className={styles.facts}>
        <dt>Model</dt>
        <dd>{model?.name ?? '–'}</dd>
        <dt>Dataset</dt>
        <dd>{dataset?.name ?? '–'}</dd>
        <dt>Method</dt>
        <dd>
          {methodLines[method].title}, rate {writeNumber(setting('learning_rate'))}
        </dd>
        <dt>Trained</dt>
        <dd>{trained === undefined ? '–' : `${method === 'lora' ? '≈ ' : ''}${formatShort(trained)} parameters`}</dd>
        <dt>Rows</dt>
        <dd>
          {steps ? `≈ ${formatCount(steps.trainRows)} to train, ${formatCount(steps.evalRows)} to validate` : '–'}
        </dd>
        <dt>Steps</dt>
        <dd>{steps ? `≈ ${formatCount(steps.totalSteps)} (${formatCount(steps.stepsPerEpoch)} an epoch)` : '–'}</dd>
      </dl>
      {model && dataset && (
        <TruncationLine
          model={model}
          dataset={dataset}
          maxLength={Math.min(setting('max_length'), model.maxPositions)}
        />
      )}
      {error !== null && <ErrorPanel error={error} title="The run did not start" />}
      <Button
        size="sm"
        fullWidth
        leftSection={<Play size={15} />}
        loading={starting}
        disabled={onStart === null && !starting}
        onClick={() => onStart?.()}
        aria-describedby="start-note"
      >
        Start
      </Button>
      <div id="start-note" role="status" className={styles.note} data-blocked={blocked !== null || undefined}>
        {blocked ?? (
          <>
            <Kbd size="xs">{readableKeys('Mod+Enter')}</Kbd> starts it. One run trains at a time; others wait.
          </>
        )}
      </div>
      {config && <ConfigPreview config={config} command={command ?? commandOf(config)} />}
    </aside>
  )
}
