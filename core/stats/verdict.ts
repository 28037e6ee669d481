import type { Verdict } from '../contract/domain.ts'
import { type Judgement, taskJudgements } from '../contract/judgement.ts'
import { pairedBootstrap } from './intervals.ts'
import { examplesNeeded, mcnemar, valuesNeeded } from './mcnemar.ts'
import { pairedDifference } from './paired-values.ts'

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
export function verdict(
  baseline: Named,
  candidate: Named,
  counts: PairedCounts,
  judgement: Judgement = taskJudgements['text-classification'],
): Verdict {
  const { bothRight, onlyBaseline, onlyCandidate, bothWrong } = counts
  const examples = bothRight + onlyBaseline + onlyCandidate + bothWrong
  const numbers = {
    difference: (onlyCandidate - onlyBaseline) / examples,
    ...pairedBootstrap(onlyBaseline, onlyCandidate, examples),
    pValue: mcnemar(onlyBaseline, onlyCandidate),
  }
  const needed = examplesNeeded(onlyBaseline, onlyCandidate, examples)
  const means = { baseline: (bothRight + onlyBaseline) / examples, candidate: (bothRight + onlyCandidate) / examples }
  return told(baseline, candidate, judgement, { examples, counts, means, numbers, needed })
}

/** The same where each example has a number in both runs: columns of one length, at least two. */
export function valueVerdict(
  baseline: Named,
  candidate: Named,
  [first, second]: readonly [Float64Array, Float64Array],
  judgement: Judgement,
): Verdict {
  const examples = first.length
  const differences = second.map((value, i) => value - (first[i] as number))
  const sign = judgement.better === 'higher' ? 1 : -1
  const counts = { bothRight: 0, onlyBaseline: 0, onlyCandidate: 0, bothWrong: 0 }
  for (const difference of differences) {
    if (difference === 0) counts.bothRight++
    else if (difference * sign > 0) counts.onlyCandidate++
    else counts.onlyBaseline++
  }
  const { mean, deviation, ...interval } = pairedDifference(differences)
  const means = { baseline: meanOf(first), candidate: meanOf(second) }
  const numbers = { difference: mean, ...interval }
  return told(baseline, candidate, judgement, {
    examples,
    counts,
    means,
    numbers,
    needed: valuesNeeded(mean, deviation),
  })
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

interface Found {
  readonly examples: number
  readonly counts: PairedCounts
  readonly means: Verdict['means']
  readonly numbers: Pick<Verdict, 'difference' | 'low' | 'high' | 'pValue'>
  readonly needed: number | null
}

function told(baseline: Named, candidate: Named, judgement: Judgement, found: Found): Verdict {
  const { examples, counts, means, numbers, needed } = found
  const { difference, low, high, pValue } = numbers
  const isTold = pValue < significance && (low > 0 || high < 0)
  const isBetter = judgement.better === 'higher' ? difference > 0 : difference < 0
  const verdict = {
    baseline: baseline.id,
    candidate: candidate.id,
    outcome: !isTold ? 'cannot tell' : isBetter ? 'better' : 'worse',
    by: judgement.by,
    metric: judgement.metric,
    unit: judgement.unit,
    examples,
    means,
    ...counts,
    ...numbers,
    // The formula is asymptotic and the test exact: it may ask for fewer than were not enough.
    examplesNeeded: isTold || needed === null ? null : Math.max(needed, examples + 1),
  } as const
  return { ...verdict, sentence: sentenceOf(verdict, baseline.name, candidate.name, judgement) }
}

function sentenceOf(
  verdict: Omit<Verdict, 'sentence'>,
  baseline: string,
  candidate: string,
  { examples, label }: Judgement,
): string {
  const { outcome, means, by } = verdict
  const many = `${grouped(verdict.examples)} validation ${examples}`
  const figures =
    by === 'right'
      ? `${percent(means.candidate)} against ${percent(means.baseline)} of ${many} right`
      : `${label} ${decimals(means.candidate)} against ${decimals(means.baseline)} ${verdict.unit} over ${many}`
  const signed = by === 'right' ? points : change
  const interval = `95 % interval ${signed(verdict.low)} to ${signed(verdict.high)}, p ${chance(verdict.pValue)}`
  const difference = `${signed(verdict.difference)}${by === 'right' ? ' percentage points' : ''} (${interval})`
  if (outcome === 'better') return `“${candidate}” is better than “${baseline}”: ${figures}, ${difference}.`
  if (outcome === 'worse') return `“${candidate}” is worse than “${baseline}”: ${figures}, ${difference}.`
  const none = by === 'right' ? 'They are right equally often.' : 'There is no difference to be told.'
  const advice =
    verdict.examplesNeeded === null
      ? none
      : `To tell a difference of this size, about ${grouped(roundUp(verdict.examplesNeeded))} ${examples} would be needed.`
  return `Cannot tell “${candidate}” from “${baseline}”: ${figures}, ${difference}. ${advice}`
}

/** Four digits or so. */
function decimals(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 3 : 2).replace('-', '−')
}

function change(difference: number): string {
  const text = decimals(Math.abs(difference))
  if (Number(text) === 0) return '0'
  return `${difference > 0 ? '+' : '−'}${text}`
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
