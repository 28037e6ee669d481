import { Alert, Anchor, Button, Progress } from '@mantine/core'
import { CircleCheck, CircleX, Gauge, TriangleAlert, Undo2 } from 'lucide-react'
import type { Alternative, Preflight } from '../../../core/contract/preflight.ts'
import { settingsInWords } from '../../../core/contract/setting-words.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { FactRows } from '../../ui/fact-rows.tsx'
import { formatBytes, formatPercent } from '../../ui/format.ts'
import styles from './forecast.module.css'
import { forecastRows } from './forecast-text.ts'
import { MemoryBar } from './memory-bar.tsx'
import { useDraft } from './use-draft.ts'
import type { Forecast } from './use-forecast.ts'

export interface ForecastPanelProps {
  forecast: Forecast
  /** Those of the forecast's alternatives that this draft can take. */
  alternatives: readonly Alternative[]
  /** Whether the draft is one that could be run. */
  ready: boolean
}

/** What the draft will need on this machine, whether that is there, and what to change where it is not. */
export function ForecastPanel({ forecast, alternatives, ready }: ForecastPanelProps) {
  const { preflight, current, busy, error } = forecast
  const shown = ready && error === null ? preflight : null
  return (
    <section className={styles.panel} aria-label="On this machine" aria-busy={busy !== null}>
      <div className={styles.head}>
        <h2>On this machine</h2>
        {shown && current && busy !== 'measuring' && <VerdictMark verdict={shown.verdict} />}
      </div>
      <TakeBack />
      {!ready && <p className={styles.faint}>What it will need is worked out once it could start.</p>}
      {ready && busy !== null && <Busy forecast={forecast} />}
      {ready && error && <ErrorPanel error={error} title="It could not be foreseen" onRetry={forecast.again} />}
      {shown && (
        <div className={styles.figures} data-former={!current || undefined}>
          {current && <Judgement preflight={shown} alternatives={alternatives} onAgain={forecast.again} />}
          <MemoryBar memory={shown.memory} verdict={shown.verdict} />
          <dl className={styles.rows}>
            <FactRows facts={forecastRows(shown)} />
          </dl>
          {shown.time.note && <p className={styles.faint}>{shown.time.note}</p>}
        </div>
      )}
      {shown && current && busy === null && shown.time.source !== 'steps' && shown.verdict !== 'does not fit' && (
        <Button
          variant="default"
          leftSection={<Gauge size={14} />}
          title="Tries some steps out: this takes a few seconds and the memory of the run."
          onClick={forecast.measure}
        >
          Measure on this machine
        </Button>
      )}
    </section>
  )
}

const marks = {
  fits: { icon: CircleCheck, text: 'fits' },
  tight: { icon: TriangleAlert, text: 'tight' },
  'does not fit': { icon: CircleX, text: 'does not fit' },
} as const

function VerdictMark({ verdict }: Pick<Preflight, 'verdict'>) {
  const { icon: Icon, text } = marks[verdict]
  return (
    <span className={styles.mark} data-verdict={verdict} role="status">
      <Icon size={14} aria-hidden /> {text}
    </span>
  )
}

function Busy({ forecast: { busy, progress, cancelMeasuring } }: Pick<ForecastPanelProps, 'forecast'>) {
  const share = progress?.total ? progress.done / progress.total : null
  const measuring = busy === 'measuring'
  return (
    <div className={styles.busy}>
      <div className={styles.busyText}>
        <span>
          {measuring ? (progress?.label ?? 'Starting to measure') : 'Working it out'}
          {measuring && share !== null ? ` ${formatPercent(share, 0)}` : '…'}
        </span>
        {measuring && (
          <Button variant="subtle" color="gray" size="compact-xs" onClick={cancelMeasuring}>
            Cancel
          </Button>
        )}
      </div>
      <Progress
        size={3}
        value={share === null || !measuring ? 100 : share * 100}
        animated={share === null || !measuring}
        aria-label={measuring ? 'Measuring' : 'Working it out'}
      />
    </div>
  )
}

interface JudgementProps extends Pick<ForecastPanelProps, 'alternatives'> {
  preflight: Preflight
  onAgain: () => void
}

/** Nothing where it fits: the mark says so. */
function Judgement({ preflight, alternatives, onAgain }: JudgementProps) {
  const apply = useDraft((store) => store.apply)
  const { verdict, reason, sentence } = preflight
  if (verdict === 'fits') return null
  if (verdict === 'tight') {
    return (
      <Alert color="yellow" variant="light" p="xs">
        {reason} <Again onAgain={onAgain} />
      </Alert>
    )
  }
  const none = preflight.alternatives.length === 0 ? sentence : `${reason} Nothing that a fork can change would do.`
  return (
    <Alert color="red" variant="light" p="xs">
      {alternatives.length === 0 ? none : reason} <Again onAgain={onAgain} />
      {alternatives.length > 0 && (
        <div className={styles.ways}>
          <span>It would fit with:</span>
          {alternatives.map(({ settings, peakBytes }) => (
            <Button
              key={JSON.stringify(settings)}
              variant="default"
              fullWidth
              justify="space-between"
              classNames={{ root: styles.way ?? '', label: styles.wayLabel ?? '' }}
              rightSection={<span className={styles.wayBytes}>{formatBytes(peakBytes)}</span>}
              onClick={() => apply(settings)}
            >
              {settingsInWords(settings)}
            </Button>
          ))}
        </div>
      )}
    </Alert>
  )
}

/** For when other programs have been closed meanwhile. */
function Again({ onAgain }: Pick<JudgementProps, 'onAgain'>) {
  return (
    <Anchor component="button" type="button" fz="inherit" onClick={onAgain}>
      Look again
    </Anchor>
  )
}

/** The settings that were taken over last, and the way back. */
function TakeBack() {
  const { applied, takeBack } = useDraft()
  if (applied === null) return null
  return (
    <div className={styles.applied}>
      <span>Set: {settingsInWords(applied.settings)}.</span>
      <Button variant="subtle" size="compact-xs" leftSection={<Undo2 size={12} />} onClick={takeBack}>
        Put back
      </Button>
    </div>
  )
}
