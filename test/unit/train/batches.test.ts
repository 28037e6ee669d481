import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketOf, chooseBuckets, epochOrder, lengthOrder, padTokens, tokenRows } from '../../../core/data/batches.ts'
import type { LabelledRows } from '../../../core/tasks/labelled-rows.ts'
import { textClassification } from '../../../core/tasks/text-classification.ts'
import { plainConfig } from '../../support/plain-config.ts'

/** Rows of these lengths; a row's ids are its own number, so that they can be told apart. */
function encodedOf(lengths: readonly number[]): LabelledRows {
  return {
    ...tokenRows(
      Int32Array.from(lengths, (_, i) => 1000 + i),
      lengths.map((length, i) => new Int32Array(length).fill(i + 1)),
    ),
    labels: Int32Array.from(lengths, (_, i) => i % 3),
  }
}

function batchOf(encoded: LabelledRows, positions: number[], buckets: number[], batchSize: number, padId: number) {
  const layout = { buckets, batchSize, padId }
  return textClassification.batch(encoded, Int32Array.from(positions), layout, plainConfig, null)
}

const lengthsArbitrary = fc.array(fc.integer({ min: 2, max: 128 }), { minLength: 1, maxLength: 300 })
const settings = fc.record({
  lengths: lengthsArbitrary,
  batchSize: fc.integer({ min: 1, max: 17 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  epoch: fc.integer({ min: 0, max: 50 }),
})

describe('the order of an epoch', () => {
  test('has each row exactly once, and at most one short batch', () => {
    fc.assert(
      fc.property(settings, ({ lengths, batchSize, seed, epoch }) => {
        const encoded = encodedOf(lengths)
        const batches = epochOrder(encoded, chooseBuckets(lengths, 128), batchSize, seed, epoch)
        const positions = batches.flatMap((batch) => Array.from(batch)).sort((a, b) => a - b)
        expect(positions).toEqual(Array.from(lengths.keys()))
        expect(batches.length).toBe(Math.ceil(lengths.length / batchSize))
        expect(batches.filter((batch) => batch.length < batchSize).length).toBeLessThanOrEqual(1)
      }),
      { numRuns: 60 },
    )
  })

  test('is the same again, whatever was drawn in between', () => {
    const lengths = Array.from({ length: 200 }, (_, i) => 4 + ((i * 37) % 120))
    const encoded = encodedOf(lengths)
    const buckets = chooseBuckets(lengths, 128)
    const first = epochOrder(encoded, buckets, 16, 42, 3)
    Math.random()
    epochOrder(encoded, buckets, 16, 42, 4)
    expect(epochOrder(encoded, buckets, 16, 42, 3)).toEqual(first)
  })

  test('differs by epoch and by seed', () => {
    const lengths = Array.from({ length: 64 }, () => 10)
    const encoded = encodedOf(lengths)
    const order = (seed: number, epoch: number) => String(epochOrder(encoded, [16], 8, seed, epoch))
    expect(new Set([order(1, 0), order(1, 1), order(2, 0)]).size).toBe(3)
  })

  test('hardly pads: long and short rows seldom share a batch', () => {
    const lengths = Array.from({ length: 640 }, (_, i) => (i % 4 === 0 ? 120 : 14))
    const encoded = encodedOf(lengths)
    const buckets = chooseBuckets(lengths, 128)
    const padded = epochOrder(encoded, buckets, 16, 5, 0).map(
      (positions) => 16 * padTokens(encoded, positions, { buckets, batchSize: 16, padId: 0 }).length,
    )
    const least = lengths.reduce((sum, length) => sum + bucketOf(length, buckets), 0)
    expect(padded.reduce((a, b) => a + b, 0)).toBeLessThan(least * 1.15)
  })

  test('rows of one length do not keep their neighbours from epoch to epoch', () => {
    const encoded = encodedOf(Array.from({ length: 400 }, () => 10))
    const partner = (epoch: number) => {
      const batch = epochOrder(encoded, [16], 2, 9, epoch).find((positions) => positions.includes(0))
      return Array.from(batch ?? []).find((position) => position !== 0)
    }
    expect(new Set(Array.from({ length: 10 }, (_, epoch) => partner(epoch))).size).toBeGreaterThan(5)
  })
})

describe('buckets', () => {
  test('are few, ascending, and hold every row', () => {
    fc.assert(
      fc.property(lengthsArbitrary, (lengths) => {
        const buckets = chooseBuckets(lengths, 128)
        expect(buckets.length).toBeLessThanOrEqual(4)
        expect(buckets).toEqual([...new Set(buckets)].sort((a, b) => a - b))
        expect(Math.max(...lengths)).toBeLessThanOrEqual(buckets.at(-1) as number)
      }),
    )
  })

  test('are one when one is as good', () => {
    expect(chooseBuckets([30, 31, 32, 30], 128)).toEqual([32])
  })

  test('follow the lengths', () => {
    const lengths = [...Array(100).fill(12), ...Array(50).fill(60), ...Array(10).fill(128)]
    expect(chooseBuckets(lengths, 128)).toEqual([16, 64, 128])
  })

  test('end at max_length even when it is no multiple of eight', () => {
    expect(chooseBuckets([100, 100, 99], 100)).toEqual([100])
  })

  test('are the cheapest of their number', () => {
    const lengths = Array.from({ length: 90 }, (_, i) => 5 + ((i * i) % 120))
    const buckets = chooseBuckets(lengths, 128)
    const cost = (chosen: readonly number[]) => lengths.reduce((sum, length) => sum + bucketOf(length, chosen), 0)
    const last = buckets.at(-1) as number
    const multiples = Array.from({ length: last / 8 - 1 }, (_, i) => 8 * (i + 1))
    expect(buckets).toHaveLength(4)
    for (const a of multiples)
      for (const b of multiples)
        for (const c of multiples) if (a < b && b < c) expect(cost(buckets)).toBeLessThanOrEqual(cost([a, b, c, last]))
  })
})

describe('a batch', () => {
  test('is padded to the bucket of its longest row', () => {
    const encoded = encodedOf([3, 5])
    const batch = batchOf(encoded, [0, 1], [8, 16], 2, 99)
    expect(batch.length).toBe(8)
    expect(Array.from(batch.feeds.input_ids ?? [])).toEqual([1, 1, 1, 99, 99, 99, 99, 99, 2, 2, 2, 2, 2, 99, 99, 99])
    expect(Array.from(batch.feeds.attention_mask ?? [])).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0])
    expect([batch.examples, batch.tokens, batch.weight]).toEqual([2, 8, 2])
  })

  test('that is short counts its own rows only', () => {
    const encoded = encodedOf([3, 5, 4])
    const batch = batchOf(encoded, [2], [8], 4, 0)
    const mask = batch.feeds.attention_mask as Int32Array
    expect(Array.from(batch.feeds.weights ?? [])).toEqual([1, 0, 0, 0])
    expect([batch.examples, batch.tokens, batch.weight]).toEqual([1, 4, 1])
    expect(Array.from(mask.subarray(8, 16))).toEqual(Array.from(mask.subarray(0, 8)))
  })
})

test('evaluation goes through every row once, shortest first', () => {
  const lengths = [9, 3, 27, 3, 14]
  const order = lengthOrder(encodedOf(lengths), 2).flatMap((batch) => Array.from(batch))
  expect(order.map((position) => lengths[position])).toEqual([3, 3, 9, 14, 27])
  expect(new Set(order).size).toBe(5)
})
