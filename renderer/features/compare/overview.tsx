import { Alert } from '@mantine/core'
import { ArrowDownRight, ArrowUpRight, type LucideIcon, MoveRight } from 'lucide-react'
import type { Comparison, OutputFilter, Run, Verdict } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { formatCount, formatNumber } from '../../ui/format.ts'
import { BestTable } from './best-table.tsx'
import styles from './compare.module.css'
import { CountsTable } from './counts-table.tsx'
import { IntervalPlot } from './interval-plot.tsx'
import { type IntervalScale, intervalScale, points } from './interval-scale.ts'
import { RunName } from './run-name.tsx'
import { Section } from './section.tsx'

export interface OverviewProps {
  comparison: Comparison
  onShow: (filter: OutputFilter, candidate: string) => void
}

/** Which run is better, how sure that is, and each run's best figures. */
export function Overview({ comparison, onShow }: OverviewProps) {
  const { runs, verdict: verdicts, outputs } = comparison
  const [baseline, ...candidates] = runs
  const given = verdicts.filter((verdict) => verdict !== null)
  const scale = intervalScale(given)
  if (!baseline) return null
  return (
    <Section
      id="overview"
      note={outputs.common > 0 ? `judged on ${formatCount(outputs.common)} common validation examples` : undefined}
    >
      {outputs.note !== null && (
        <Alert color="yellow" mb="sm">
          {outputs.note}
        </Alert>
      )}
      <div className={styles.verdicts}>
        {candidates.map((candidate, at) => {
          const verdict = verdicts[at]
          return verdict ? (
            <VerdictRow
              key={candidate.id}
              {...{ candidate, verdict, scale }}
              onShow={(filter) => onShow(filter, candidate.id)}
            />
          ) : (
            <NoVerdict key={candidate.id} baseline={baseline} candidate={candidate} />
          )
        })}
      </div>
      <BestTable runs={runs} rows={comparison.metrics} />
    </Section>
  )
}

const outcomes: Record<Verdict['outcome'], { word: string; icon: LucideIcon }> = {
  better: { word: 'Better', icon: ArrowUpRight },
  worse: { word: 'Worse', icon: ArrowDownRight },
  'cannot tell': { word: 'Cannot tell', icon: MoveRight },
}

interface VerdictRowProps {
  candidate: Run
  verdict: Verdict
  scale: IntervalScale
  onShow: (filter: OutputFilter) => void
}

function VerdictRow({ candidate, verdict, scale, onShow }: VerdictRowProps) {
  const lit = useHighlight((highlight) => highlight.id === candidate.id)
  const { word, icon: Icon } = outcomes[verdict.outcome]
  return (
    <article
      className={styles.verdict}
      data-run={candidate.id}
      data-lit={lit || undefined}
      aria-label={`${candidate.name} against the baseline`}
    >
      <div>
        <div className={styles.verdictHead}>
          <RunName run={candidate} />
          <span className={styles.outcome} data-outcome={verdict.outcome}>
            <Icon size={16} aria-hidden />
            {word}
          </span>
        </div>
        <p className={styles.sentence}>{verdict.sentence}</p>
        <p className={styles.note}>
          n = {formatCount(verdict.examples)} · McNemar p {pText(verdict.pValue)}
          {verdict.examplesNeeded !== null &&
            ` · about ${formatCount(verdict.examplesNeeded)} examples would be needed to tell`}
        </p>
      </div>
      <figure className={styles.intervalBox}>
        <IntervalPlot verdict={verdict} scale={scale} />
        <figcaption className={styles.note}>
          <b>{points(verdict.difference)}</b> accuracy points [{points(verdict.low)}, {points(verdict.high)}], 95 %
        </figcaption>
      </figure>
      <CountsTable verdict={verdict} onShow={onShow} />
    </article>
  )
}

function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : `= ${formatNumber(p, 2)}`
}

function NoVerdict({ baseline, candidate }: { baseline: Run; candidate: Run }) {
  return (
    <article className={styles.verdict} data-run={candidate.id}>
      <div>
        <div className={styles.verdictHead}>
          <RunName run={candidate} />
          <span className={styles.outcome}>No verdict</span>
        </div>
        <p className={styles.sentence}>{whyNone(baseline, candidate)}</p>
      </div>
    </article>
  )
}

function whyNone(baseline: Run, candidate: Run): string {
  const busy = [baseline, candidate].find((run) => run.state === 'queued' || run.state === 'running')
  if (busy) return `${busy.name} is ${busy.state}; its validation examples are predicted at the end.`
  const other = baseline.dataset.contentHash !== candidate.dataset.contentHash
  if (other) return 'The two were validated on different versions of a dataset and have no example in common.'
  return 'The two have no validation example in common that both have predicted.'
}
