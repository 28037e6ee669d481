import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { attentionFetch } from '../../core/train/programs.ts'
import { largestDifference } from '../support/engines.ts'
import { familyFolder, familyNames, familyTable, watchedEvaluation } from './family-reference.ts'
import { type EngineKind, numbers } from './reference.ts'
import { reportDifference } from './report.ts'

/** What every head looks at, against the weights that the reference hands out: family.py attentions made the numbers. */

const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']
const schema = z.array(z.object({ shape: z.tuple([z.number(), z.number(), z.number()]), weights: numbers }))
const fileOf = (name: string) => join(familyFolder(name), 'attentions.json')
const watched = familyNames.filter((name) => existsSync(fileOf(name)))

test('there are attentions to look at', () => {
  expect(watched.length).toBeGreaterThan(0)
})

describe.each(watched.flatMap((name) => engines.map((engine) => [name, engine] as const)))(
  '%s on the %s engine',
  (name, engine) => {
    const expected = schema.parse(JSON.parse(readFileSync(fileOf(name), 'utf8')))
    const { batchSize } = familyTable(name)

    test('hands out the weights of the reference and sums that follow from them, and evaluates as always', async () => {
      const { plain, fetched } = await watchedEvaluation(name, engine)
      for (const [fetch, values] of Object.entries(plain)) {
        expect(largestDifference(Array.from(fetched[fetch] ?? []), values)).toBeLessThan(1e-6)
      }
      const last = expected.length - 1
      expect(fetched).toHaveProperty([attentionFetch(last, 'weights')])
      expect(fetched).not.toHaveProperty([attentionFetch(last + 1, 'weights')])
      const differences = expected.map(({ shape: [heads, queries, keys], weights }, number) => {
        const part = (of: Parameters<typeof attentionFetch>[1]) => fetched[attentionFetch(number, of)] as Float32Array
        expect(part('weights').length).toBe(batchSize * heads * queries * keys)
        const d = part('values').length / (batchSize * heads * keys)
        expect(part('queries').length).toBe(batchSize * heads * queries * d)
        expect(part('keys').length).toBe(batchSize * heads * keys * d)
        // The last head of the last row, worked out here.
        const head = batchSize * heads - 1
        for (let query = 0; query < queries; query++) {
          const row = part('weights').subarray((head * queries + query) * keys, (head * queries + query + 1) * keys)
          expect(Math.abs(row.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-5)
          const sum = (column: number) =>
            row.reduce(
              (total, weight, key) => total + weight * (part('values')[(head * keys + key) * d + column] as number),
              0,
            )
          const sums = part('sums').subarray((head * queries + query) * d, (head * queries + query + 1) * d)
          expect(
            largestDifference(
              Array.from(sums),
              Array.from({ length: d }, (_, column) => sum(column)),
            ),
          ).toBeLessThan(1e-4)
        }
        return largestDifference(Array.from(part('weights').subarray(0, weights.length)), weights)
      })
      reportDifference(name, `attention weights, ${engine}`, Math.max(...differences))
      expect(Math.max(...differences)).toBeLessThan(5e-5)
    })
  },
)
