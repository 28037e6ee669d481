import { Button, Checkbox, Kbd } from '@mantine/core'
import { Play } from 'lucide-react'
import { architectureInfos } from '../../../core/contract/architectures.ts'
import type { Dataset, Model } from '../../../core/contract/domain.ts'
import { toErrorPayload } from '../../../core/contract/errors.ts'
import type { Alternative } from '../../../core/contract/preflight.ts'
import { hasLength, methodTitles, type RunConfigInput } from '../../../core/contract/settings.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { readableKeys } from '../../ui/shortcuts.ts'
import { ConfigPreview } from './config-preview.tsx'
import { commandOf, type Draft, type ReadDraft, settingOf } from './draft.ts'
import { writeNumber } from './field.ts'
import { ForecastPanel } from './forecast-panel.tsx'
import styles from './train.module.css'
import { TruncationLine } from './truncation-line.tsx'
import type { Forecast } from './use-forecast.ts'

export interface SummaryProps {
  draft: Draft
  read: ReadDraft
  model: Model | undefined
  dataset: Dataset | undefined
  config: RunConfigInput | null
  blocked: string | null
  forecast: Forecast
  /** Of the forecast, those that this draft can take. */
  alternatives: readonly Alternative[]
  /** Whether the forecast says that it cannot fit. */
  refused: boolean
  error: unknown
  starting: boolean
  onStart: (() => void) | null
  /** Whether a recurrent model is trained on the same, to be compared with; null where none can be. */
  beside: { readonly checked: boolean; readonly onChange: (checked: boolean) => void } | null
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
  forecast,
  alternatives,
  refused,
  error,
  starting,
  onStart,
  beside,
  command,
}: SummaryProps) {
  const { method } = draft
  const setting = <Name extends Parameters<typeof settingOf>[1]>(name: Name) =>
    settingOf(read.given, name, method, model)
  // The panel says the same, with buttons.
  const told = refused && error !== null && toErrorPayload(error).code === 'does_not_fit'
  const hindrance = blocked ?? (refused ? 'It cannot start: it does not fit on this machine.' : null)
  return (
    <aside className={styles.summary} aria-label="Summary">
      <div className={styles.summaryBody}>
        <h2 className={styles.sectionTitle}>This run</h2>
        <dl className={styles.facts}>
          <dt>Model</dt>
          <dd>{model?.name ?? '–'}</dd>
          <dt>Dataset</dt>
          <dd>{dataset?.name ?? '–'}</dd>
          <dt>Method</dt>
          <dd>
            {methodTitles[method]}, rate {writeNumber(setting('learning_rate'))}
          </dd>
        </dl>
        {model && dataset && hasLength(draft.task) && architectureInfos[model.architecture]?.tokenizer !== false && (
          <TruncationLine
            model={model}
            dataset={dataset}
            maxLength={Math.min(setting('max_length'), model.maxPositions || Number.POSITIVE_INFINITY)}
          />
        )}
        <ForecastPanel forecast={forecast} alternatives={alternatives} ready={blocked === null && config !== null} />
        {error !== null && !told && <ErrorPanel error={error} title="The run did not start" />}
        {config && <ConfigPreview config={config} command={command ?? commandOf(config)} />}
      </div>
      <div className={styles.start}>
        {beside && (
          <Checkbox
            mb={10}
            label="Train an LSTM of the same size beside it"
            checked={beside.checked}
            onChange={(event) => beside.onChange(event.currentTarget.checked)}
          />
        )}
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
        <div id="start-note" role="status" className={styles.note} data-blocked={hindrance !== null || undefined}>
          {hindrance ?? (
            <>
              <Kbd size="xs">{readableKeys('Mod+Enter')}</Kbd> starts it. One run trains at a time; others wait.
            </>
          )}
        </div>
      </div>
    </aside>
  )
}
