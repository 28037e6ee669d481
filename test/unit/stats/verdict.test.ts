import { describe, expect, test } from 'vitest'
import { verdictSchema } from '../../../core/contract/domain.ts'
import { taskJudgements } from '../../../core/contract/judgement.ts'
import { type PairedCounts, valueVerdict, verdict } from '../../../core/stats/verdict.ts'
import { normal, uniform } from '../../../core/util/random.ts'

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

const losses = taskJudgements['text-generation']

/** Losses of two runs on the same texts: most of each is the text's own. */
function plantedLosses(seed: number, texts: number, gain: number): [Float64Array, Float64Array] {
  const first = Float64Array.from({ length: texts }, (_, i) => 3 + normal(seed, i, 0))
  return [first, first.map((loss, i) => loss - gain + 0.2 * normal(seed, i, 1))]
}

describe('the verdict by values', () => {
  test('says better with its numbers, and worse the other way round', () => {
    const [first, second] = plantedLosses(1, 200, 0.1)
    const said = verdictSchema.parse(valueVerdict(a, b, [first, second], losses))
    expect(said).toMatchObject({ outcome: 'better', by: 'values', metric: 'eval/loss', examples: 200 })
    expect(said.difference).toBeLessThan(0)
    expect(said.onlyCandidate + said.onlyBaseline + said.bothRight).toBe(200)
    expect(said.sentence).toMatch(
      /^“lora” is better than “full”: mean loss of a text \d\.\d{3} against \d\.\d{3} nats a token over 200 validation texts, −0\.\d{3} \(95 % interval −0\.\d{3} to −0\.\d{3}, p < 0\.001\)\.$/,
    )
    expect(valueVerdict(b, a, [second, first], losses)).toMatchObject({ outcome: 'worse' })
  })

  test('says how many texts would tell, and is the same each time', () => {
    const said = valueVerdict(a, b, plantedLosses(2, 40, 0.02), losses)
    expect(said.outcome).toBe('cannot tell')
    expect(said.examplesNeeded).toBeGreaterThan(200)
    expect(said.sentence).toMatch(/about [\d,]+ texts would be needed\.$/)
    expect(valueVerdict(a, b, plantedLosses(2, 40, 0.02), losses)).toEqual(said)
  })

  test('cannot tell runs that say the same', () => {
    const [first] = plantedLosses(3, 30, 0)
    expect(valueVerdict(a, b, [first, first], losses)).toMatchObject({
      outcome: 'cannot tell',
      difference: 0,
      pValue: 1,
      bothRight: 30,
      examplesNeeded: null,
    })
  })

  test('cannot tell equal runs apart at least 94 times in 100', () => {
    const outcomes = Array.from({ length: 200 }, (_, seed) => valueVerdict(a, b, plantedLosses(seed, 60, 0), losses))
    expect(outcomes.filter(({ outcome }) => outcome === 'cannot tell').length).toBeGreaterThanOrEqual(188)
  })
})

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
