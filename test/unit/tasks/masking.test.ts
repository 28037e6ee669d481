import { describe, expect, test } from 'vitest'
import { tokenRows } from '../../../core/data/batches.ts'
import { fillMask } from '../../../core/tasks/fill-mask.ts'
import { type MaskedRows, slotsOf } from '../../../core/tasks/masked-rows.ts'
import { hiddenIn } from '../../../core/tasks/masking.ts'
import { plainConfig } from '../../support/plain-config.ts'

/** Texts of 40 tokens (ids 10 … 99) between a first and a last special one. */
const count = 200
const ids = Array.from({ length: count }, (_, row) =>
  Int32Array.from([2, ...Array.from({ length: 40 }, (_, i) => 10 + ((row * 7 + i * 13) % 90)), 3]),
)
const encoded: MaskedRows = {
  ...tokenRows(
    Int32Array.from({ length: count }, (_, row) => row),
    ids,
  ),
  owners: Int32Array.from({ length: count }, (_, row) => row),
  pieces: new Int32Array(count),
  around: [1, 1],
  maskId: 4,
  ordinary: Int32Array.from({ length: 90 }, (_, i) => 10 + i),
  vocabulary: [],
  hidden: null,
}
const all = (draw: Parameters<typeof hiddenIn>[3]) => ids.map((_, row) => hiddenIn(encoded, row, 0.15, draw))

describe('hiding words', () => {
  test('hides the same share of each text, never a special token', () => {
    for (const hidden of all({ seed: 1, epoch: 0 })) {
      expect(hidden).toHaveLength(slotsOf(40, 0.15))
      expect(new Set(hidden.map(({ place }) => place)).size).toBe(6)
      expect(hidden.every(({ place }) => place >= 1 && place <= 40)).toBe(true)
    }
    expect(slotsOf(2, 0.15)).toBe(1)
  })

  test('hides eight of ten, changes one, leaves one', () => {
    const hidden = all({ seed: 1, epoch: 0 }).flat()
    const share = (of: (one: (typeof hidden)[number]) => boolean) => hidden.filter(of).length / hidden.length
    expect(share(({ shown }) => shown === 4)).toBeCloseTo(0.8, 1)
    expect(share(({ shown, id }) => shown !== 4 && shown !== id)).toBeCloseTo(0.1, 1)
    expect(share(({ shown, id }) => shown === id)).toBeCloseTo(0.1, 1)
  })

  test('is a function of seed, epoch, row and piece alone; an evaluation asks every run the same', () => {
    const first = all({ seed: 1, epoch: 0 })
    expect(all({ seed: 1, epoch: 0 })).toEqual(first)
    expect(all({ seed: 1, epoch: 1 })).not.toEqual(first)
    expect(all({ seed: 2, epoch: 0 })).not.toEqual(first)
    expect(all(null)).toEqual(all(null))
    const other = { ...encoded, pieces: new Int32Array(count).fill(1) }
    expect(hiddenIn(other, 0, 0.15, null)).not.toEqual(hiddenIn(encoded, 0, 0.15, null))
  })

  test('a batch shows what is hidden, and weighs the guesses of its own rows only', () => {
    const layout = { buckets: [48], batchSize: 4, padId: 0 }
    const draw = { seed: 3, epoch: 2 }
    const { feeds, weight, length } = fillMask.batch(encoded, Int32Array.of(5, 9, 11), layout, plainConfig, draw)
    expect(weight).toBe(18)
    expect(Array.from(feeds.weights ?? []).reduce((a, b) => a + b, 0)).toBe(18)
    const hidden = [5, 9, 11].flatMap((row, i) =>
      hiddenIn(encoded, row, 0.15, draw).map((one) => ({ ...one, at: i * length + one.place })),
    )
    for (const { at, shown, id } of hidden) {
      expect(feeds.input_ids?.[at]).toBe(shown)
      expect(feeds.labels?.[(feeds.mask_positions as Int32Array).indexOf(at)]).toBe(id)
    }
    // Seven places a row of 48, six of them in use.
    expect(feeds.labels).toHaveLength(4 * 7)
  })
})
