import { ArrowDownRight, ArrowUpRight, type LucideIcon, MoveRight } from 'lucide-react'
import type { Comparison, OutputFilter, Run, Verdict } from '../../../core/contract/domain.ts'
import { useHighlight } from '../../app/highlight.ts'
import { formatCount } from '../../ui/format.ts'
import { BestTable } from './best-table.tsx'
import styles from './compare.module.css'
import { CountsTable } from './counts-table.tsx'
import { IntervalPlot } from './interval-plot.tsx'
import { differenceText, type IntervalScale, intervalScale, signedDifference } from './interval-scale.ts'
import { judgedAt } from './judged-at.ts'
import { RunName } from './run-name.tsx'
import { Section } from './section.tsx'
import verdictStyles from './verdict.module.css'
import { WinsTable } from './wins-table.tsx'

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
        <p className={styles.caution} role="status">
          {outputs.note}
        </p>
      )}
      <div className={verdictStyles.verdicts}>
        {candidates.map((candidate, at) => {
          const verdict = verdicts[at]
          return verdict ? (
            <VerdictRow
              key={candidate.id}
              {...{ baseline, candidate, verdict, scale }}
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

const methods: Record<Verdict['by'], string> = {
  right: "p by McNemar's exact test, interval by paired bootstrap",
  values: "p by flipping signs at random, Student's interval",
}

interface VerdictRowProps {
  baseline: Run
  candidate: Run
  verdict: Verdict
  scale: IntervalScale
  onShow: (filter: OutputFilter) => void
}

function VerdictRow({ baseline, candidate, verdict, scale, onShow }: VerdictRowProps) {
  const lit = useHighlight((highlight) => highlight.id === candidate.id)
  const { word, icon: Icon } = outcomes[verdict.outcome]
  const source = judgedAt([baseline, candidate])
  return (
    <article
      className={verdictStyles.verdict}
      data-run={candidate.id}
      data-lit={lit || undefined}
      aria-label={`${candidate.name} against the baseline`}
    >
      <div>
        <div className={verdictStyles.verdictHead}>
          <RunName run={candidate} />
          <span className={verdictStyles.outcome} data-outcome={verdict.outcome}>
            <Icon size={16} aria-hidden />
            {word}
          </span>
        </div>
        <p className={verdictStyles.sentence}>{verdict.sentence}</p>
        <p className={styles.note}>
          n = {formatCount(verdict.examples)}, {methods[verdict.by]}
        </p>
        {source !== null && <p className={styles.note}>{source}</p>}
      </div>
      <figure className={verdictStyles.intervalBox}>
        <IntervalPlot verdict={verdict} scale={scale} />
        <figcaption className={styles.note}>
          <b>{differenceText(verdict, verdict.difference)}</b> [{signedDifference(verdict.by, verdict.low)},{' '}
          {signedDifference(verdict.by, verdict.high)}], 95 %
        </figcaption>
      </figure>
      {verdict.by === 'right' ? (
        <CountsTable verdict={verdict} onShow={onShow} />
      ) : (
        <WinsTable verdict={verdict} onShow={onShow} />
      )}
    </article>
  )
}

function NoVerdict({ baseline, candidate }: { baseline: Run; candidate: Run }) {
  return (
    <article className={verdictStyles.verdict} data-run={candidate.id}>
      <div>
        <div className={verdictStyles.verdictHead}>
          <RunName run={candidate} />
          <span className={verdictStyles.outcome}>No verdict</span>
        </div>
        <p className={verdictStyles.sentence}>{whyNone(baseline, candidate)}</p>
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
