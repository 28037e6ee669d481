import { describe, expect, test } from 'vitest'
import { verdictSchema } from '../../../core/contract/domain.ts'
import { type PairedCounts, verdict } from '../../../core/stats/verdict.ts'
import { uniform } from '../../../core/util/random.ts'

const a = { id: 'a', name: 'full' }
const b = { id: 'b', name: 'lora' }

/** Two runs of given accuracies on the same examples, of which some are hard for both. */
function planted(seed: number, examples: number, accuracyA: number, accuracyB: number): PairedCounts {
  const counts = { bothRight: 0, onlyBaseline: 0, onlyCandidate: 0, bothWrong: 0 }
  for (let i = 0; i < examples; i++) {
    // Half of each run's luck is the example's.
    const shared = uniform(seed, i, 0)
    const rightA = (shared < accuracyA ? 0.5 : 0) + (uniform(seed, i, 1) < accuracyA ? 0.5 : 0) > 0.4
    const rightB = (shared < accuracyB ? 0.5 : 0) + (uniform(seed, i, 2) < accuracyB ? 0.5 : 0) > 0.4
    if (rightA && rightB) counts.bothRight++
    else if (rightA) counts.onlyBaseline++
    else if (rightB) counts.onlyCandidate++
    else counts.bothWrong++
  }
  return counts
}

describe('the verdict', () => {
  test('says better with its numbers', () => {
    const said = verdict(a, b, { bothRight: 350, onlyBaseline: 5, onlyCandidate: 25, bothWrong: 20 })
    expect(verdictSchema.parse(said)).toMatchObject({
      baseline: 'a',
      candidate: 'b',
      outcome: 'better',
      examples: 400,
      difference: 0.05,
      examplesNeeded: null,
    })
    expect(said.sentence).toMatch(
      /^“lora” is better than “full”: 93\.8 % against 88\.8 % of 400 validation examples right, \+5\.0 percentage points \(95 % interval \+2\.\d to \+7\.\d, p < 0\.001\)\.$/,
    )
  })

  test('is the other way round when the runs are', () => {
    const counts = { bothRight: 350, onlyBaseline: 25, onlyCandidate: 5, bothWrong: 20 }
    expect(verdict(a, b, counts)).toMatchObject({ outcome: 'worse', difference: -0.05 })
  })

  test('says how many examples would tell', () => {
    const said = verdict(a, b, { bothRight: 360, onlyBaseline: 8, onlyCandidate: 12, bothWrong: 20 })
    expect(said.outcome).toBe('cannot tell')
    expect(said.examplesNeeded).toBeGreaterThan(3000)
    expect(said.sentence).toMatch(/^Cannot tell “lora” from “full”: .* about [\d,]+ examples would be needed\.$/)
  })

  test('of runs that are right equally often asks for no number of examples', () => {
    const said = verdict(a, b, { bothRight: 50, onlyBaseline: 0, onlyCandidate: 0, bothWrong: 0 })
    expect(said).toMatchObject({ outcome: 'cannot tell', examplesNeeded: null, pValue: 1, difference: 0 })
    expect(said.sentence).toContain('They are right equally often.')
  })

  test('cannot tell equal runs apart at least 95 times in 100', () => {
    const trials = 1000
    let told = 0
    for (let trial = 0; trial < trials; trial++) {
      const counts = planted(1000 + trial, 400, 0.7, 0.7)
      expect(counts.onlyBaseline + counts.onlyCandidate).toBeGreaterThan(20)
      if (verdict(a, b, counts).outcome !== 'cannot tell') told++
    }
    expect(told / trials).toBeLessThanOrEqual(0.05)
  })

  test('finds a planted gap', () => {
    for (let trial = 0; trial < 100; trial++) {
      expect(verdict(a, b, planted(9000 + trial, 2000, 0.6, 0.75)).outcome).toBe('better')
    }
  })
})
