import { createHash } from 'node:crypto'
import type { Run, Verdict } from '../contract/domain.ts'
import { valueVerdict, verdict } from '../stats/verdict.ts'
import { countPairs, type Joined, valuesOf } from './outputs.ts'

type Named = Pick<Run, 'id' | 'name'>

/** Verdicts kept: a page compares twelve runs at most. */
const most = 64

/**
 * Judges a candidate on the rows that it has in common with the baseline; null where they are too few. A page asks at
 * every step of a run, while what is judged by values changes with its evaluations only and takes a while to work out:
 * such verdicts are remembered by what they are about.
 */
export function verdictsOnce(): (baseline: Named, candidate: Named, joined: Joined) => Verdict | null {
  const known = new Map<string, Verdict>()
  return (baseline, candidate, joined) => {
    const { count, judgement } = joined
    const isByRight = judgement.by === 'right'
    // How far values lie apart, one alone does not say.
    if (count < (isByRight ? 1 : 2)) return null
    if (isByRight) return verdict(baseline, candidate, countPairs(joined), judgement)
    const [first, second] = valuesOf(joined)
    const names = JSON.stringify([baseline.id, baseline.name, candidate.id, candidate.name, judgement.metric])
    const key = createHash('sha256').update(names).update(first).update(second).digest('hex')
    const found = known.get(key) ?? valueVerdict(baseline, candidate, [first, second], judgement)
    known.delete(key)
    known.set(key, found)
    if (known.size > most) known.delete(known.keys().next().value as string)
    return found
  }
}
