import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { candidates, nextToken, penalise, pick } from '../../../core/generate/sample.ts'
import { uniform } from '../../../core/util/random.ts'
import { someValues } from '../../support/engines.ts'

const rowSchema = z.object({
  repetition_penalty: z.number(),
  temperature: z.number(),
  top_k: z.number(),
  top_p: z.number(),
  seen: z.array(z.number()),
  logits: z.array(z.number()),
  scores: z.array(z.number().nullable()),
})
const file = join(import.meta.dirname, '..', '..', 'golden', 'logits.json')
const rows = z.array(rowSchema).parse(JSON.parse(readFileSync(file, 'utf8')))
const off = { do_sample: true, temperature: 1, top_k: 0, top_p: 1, repetition_penalty: 1 }

describe('logits are processed as transformers does', () => {
  test.each(rows)(
    'penalty $repetition_penalty, temperature $temperature, top_k $top_k, top_p $top_p',
    ({ seen, scores, ...row }) => {
      const logits = Float32Array.from(row.logits)
      penalise(logits, seen, row.repetition_penalty)
      const found = candidates(logits, row)
      const kept = Array.from(found.ids).sort((a, b) => a - b)
      expect(kept).toEqual(scores.flatMap((score, id) => (score === null ? [] : [id])))
      found.ids.forEach((id, i) => {
        expect(Math.abs((found.logits[i] as number) - (scores[id] as number))).toBeLessThan(1e-4)
      })
    },
  )
})

describe('drawing', () => {
  test('goes through the probabilities in order', () => {
    const found = { ids: Int32Array.of(4, 9, 2), logits: Float64Array.of(Math.log(0.5), Math.log(0.3), Math.log(0.2)) }
    expect([0, 0.49, 0.51, 0.79, 0.81, 0.999999].map((draw) => pick(found, draw))).toEqual([4, 4, 9, 9, 2, 2])
  })

  test('comes out as often as it is likely', () => {
    const logits = Float32Array.of(1, 0, 2, -1)
    const drawn = Array.from({ length: 20_000 }, (_, i) => nextToken(logits, [], off, () => uniform(3, i)))
    const counts = [0, 1, 2, 3].map((id) => drawn.filter((one) => one === id).length)
    const weights = [...logits].map(Math.exp)
    const total = weights.reduce((a, b) => a + b)
    counts.forEach((count, id) => {
      const share = (weights[id] as number) / total
      expect(Math.abs(count / 20_000 - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / 20_000))
    })
  })

  test('a share of many flat logits is found, and is the one that sorting all of them gives', () => {
    const logits = someValues(5000, 3, -1, 1)
    const order = [...logits.keys()].sort((a, b) => (logits[b] as number) - (logits[a] as number))
    const weights = order.map((id) => Math.exp(logits[id] as number))
    const total = weights.reduce((a, b) => a + b)
    let before = 0
    const expected = order.filter((_, i) => {
      const kept = before < 0.6 * total
      before += weights[i] as number
      return kept
    })
    expect([...candidates(logits, { ...off, top_p: 0.6 }).ids]).toEqual(expected)
  })

  test('is not asked for when the likeliest token is taken', () => {
    const draw = () => {
      throw new Error('a draw was made')
    }
    const options = { ...off, do_sample: false, top_k: 2, repetition_penalty: 10 }
    expect(nextToken(Float32Array.of(1, 3, 2.5, -1), [1, 1], options, draw)).toBe(2)
    expect(nextToken(Float32Array.of(1, 3, 3, -1), [], options, draw)).toBe(1)
  })
})
