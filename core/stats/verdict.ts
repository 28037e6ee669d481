import type { Verdict } from '../contract/domain.ts'
import { pairedBootstrap } from './intervals.ts'
import { examplesNeeded, mcnemar } from './mcnemar.ts'

/** On how many of the common examples which of the two runs was right. */
export interface PairedCounts {
  readonly bothRight: number
  readonly onlyBaseline: number
  readonly onlyCandidate: number
  readonly bothWrong: number
}

interface Named {
  readonly id: string
  readonly name: string
}

const significance = 0.05

/**
 * Whether the candidate is better than the baseline, judged on the same examples. It says so only when chance is an
 * unlikely explanation (p < 0.05) and the interval of the difference leaves zero out; else it cannot tell, and says how
 * many examples would. `counts` must not be all zero.
 */
export function verdict(baseline: Named, candidate: Named, counts: PairedCounts): Verdict {
  const { bothRight, onlyBaseline, onlyCandidate, bothWrong } = counts
  const examples = bothRight + onlyBaseline + onlyCandidate + bothWrong
  const difference = (onlyCandidate - onlyBaseline) / examples
  const pValue = mcnemar(onlyBaseline, onlyCandidate)
  const { low, high } = pairedBootstrap(onlyBaseline, onlyCandidate, examples)
  const told = pValue < significance && (low > 0 || high < 0)
  const outcome = !told ? 'cannot tell' : difference > 0 ? 'better' : 'worse'
  const needed = told ? null : examplesNeeded(onlyBaseline, onlyCandidate, examples)
  const verdict = {
    baseline: baseline.id,
    candidate: candidate.id,
    outcome,
    metric: 'eval/accuracy',
    examples,
    ...{ bothRight, onlyBaseline, onlyCandidate, bothWrong },
    ...{ difference, low, high, pValue },
    // The formula is asymptotic and the test exact: it may ask for fewer than were not enough.
    examplesNeeded: needed === null ? null : Math.max(needed, examples + 1),
  } as const
  return { ...verdict, sentence: sentenceOf(verdict, baseline.name, candidate.name) }
}

function sentenceOf(verdict: Omit<Verdict, 'sentence'>, baseline: string, candidate: string): string {
  const { examples, bothRight, onlyBaseline, onlyCandidate, outcome } = verdict
  const accuracies =
    `${percent((bothRight + onlyCandidate) / examples)} against ${percent((bothRight + onlyBaseline) / examples)} ` +
    `of ${grouped(examples)} validation examples right`
  const interval = `95 % interval ${points(verdict.low)} to ${points(verdict.high)}, p ${chance(verdict.pValue)}`
  const difference = `${points(verdict.difference)} percentage points (${interval})`
  if (outcome === 'better') return `“${candidate}” is better than “${baseline}”: ${accuracies}, ${difference}.`
  if (outcome === 'worse') return `“${candidate}” is worse than “${baseline}”: ${accuracies}, ${difference}.`
  const advice =
    verdict.examplesNeeded === null
      ? 'They are right equally often.'
      : `To tell a difference of this size, about ${grouped(roundUp(verdict.examplesNeeded))} examples would be needed.`
  return `Cannot tell “${candidate}” from “${baseline}”: ${accuracies}, ${difference}. ${advice}`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function points(difference: number): string {
  const text = Math.abs(100 * difference).toFixed(1)
  if (text === '0.0') return '0.0'
  return `${difference > 0 ? '+' : '−'}${text}`
}

function chance(pValue: number): string {
  if (pValue < 0.001) return '< 0.001'
  return `= ${pValue.toFixed(pValue < 0.1 ? 3 : 2)}`
}

/** To two digits: the number is an estimate. */
function roundUp(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1)
  return Math.ceil(count / unit) * unit
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
