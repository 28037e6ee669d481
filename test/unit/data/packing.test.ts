import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packSequences } from '../../../core/data/packing.ts'

const capacity = 64
const lengthsArbitrary = fc.array(fc.integer({ min: 1, max: capacity }), { maxLength: 200 })

describe('packing', () => {
  test('puts every sequence into one row, and no row beyond its capacity', () => {
    fc.assert(
      fc.property(lengthsArbitrary, (lengths) => {
        const rows = packSequences(lengths, capacity)
        const members = rows.flatMap((row) => row.members)
        expect(members.toSorted((a, b) => a - b)).toEqual([...lengths.keys()])
        for (const row of rows) {
          expect(row.length).toBe(row.members.reduce((sum, member) => sum + (lengths[member] as number), 0))
          expect(row.length).toBeLessThanOrEqual(capacity)
        }
      }),
    )
  })

  test('leaves no two rows that would have fitted into one', () => {
    fc.assert(
      fc.property(lengthsArbitrary, (lengths) => {
        const room = packSequences(lengths, capacity)
          .map(({ length }) => length)
          .toSorted((a, b) => a - b)
        if (room.length >= 2) expect((room[0] as number) + (room[1] as number)).toBeGreaterThan(capacity)
      }),
    )
  })

  test('fills rows up: longest first, each into the fullest that has room', () => {
    expect(packSequences([3, 5, 7, 2, 8], 10)).toEqual([
      { members: [4, 3], length: 10 },
      { members: [2, 0], length: 10 },
      { members: [1], length: 5 },
    ])
  })
})
