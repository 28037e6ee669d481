import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shareOfRows, splitRows } from '../../../core/data/split.ts'

describe('splitRows', () => {
  test('puts every row on exactly one side, both ascending, and each class with two rows on both', () => {
    const classes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 200 })
    const fraction = fc.double({ min: 0.01, max: 0.99, noNaN: true })
    fc.assert(
      fc.property(classes, fraction, fc.nat(), (labelIds, share, seed) => {
        const { train, validation } = splitRows(labelIds, share, seed)
        for (const side of [train, validation]) expect([...side]).toEqual([...side].sort((a, b) => a - b))
        expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...labelIds.keys()])
        for (const id of new Set(labelIds)) {
          const held = [...validation].filter((row) => labelIds[row] === id).length
          const kept = [...train].filter((row) => labelIds[row] === id).length
          if (held + kept === 1) expect({ held, kept }).toEqual({ held: 0, kept: 1 })
          else expect(Math.min(held, kept)).toBeGreaterThanOrEqual(1)
        }
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  test('keeps the mix of classes and the share of the whole, also with many small classes', () => {
    const two = Array.from({ length: 1000 }, (_, row) => (row < 900 ? 0 : 1))
    const { validation } = splitRows(two, 0.2, 42)
    expect(validation.filter((row) => row < 900).length).toBe(180)
    expect(validation.filter((row) => row >= 900).length).toBe(20)

    // Three rows a class at 0.4: rounding each to 1 would hold out a third, to 2 two thirds.
    const many = Array.from({ length: 300 }, (_, row) => row % 100)
    expect(splitRows(many, 0.4, 42).validation.length).toBe(120)
  })

  test('gives the same sides for the same seed, others for another', () => {
    const labelIds = Array.from({ length: 200 }, (_, row) => row % 3)
    expect(splitRows(labelIds, 0.25, 5)).toEqual(splitRows(labelIds, 0.25, 5))
    const overlap = splitRows(labelIds, 0.25, 6).validation.filter((row) =>
      splitRows(labelIds, 0.25, 5).validation.includes(row),
    )
    expect(overlap.length).toBeLessThan(30)
  })
})

describe('a share of rows', () => {
  test('lies within a larger one, ascends, and has some of each class', () => {
    const labels = Int32Array.from({ length: 1000 }, (_, i) => (i % 50 === 0 ? 1 : 0))
    const rows = Int32Array.from({ length: 800 }, (_, i) => i + 100)
    const [one, ten, all] = [0.01, 0.1, 1].map((share) => Array.from(shareOfRows(rows, labels, share, 7))) as [
      number[],
      number[],
      number[],
    ]
    expect([one.length, ten.length, all.length]).toEqual([9, 80, 800])
    expect(one.every((row) => ten.includes(row))).toBe(true)
    expect(one).toEqual(one.toSorted((a, b) => a - b))
    expect(one.filter((row) => labels[row] === 1)).toHaveLength(1)
    expect(Array.from(shareOfRows(rows, labels, 0.1, 8))).not.toEqual(ten)
  })
})
