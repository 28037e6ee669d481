import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  characterDistance,
  characterErrorRate,
  editDistance,
  wordErrorRate,
} from '../../../core/tasks/edit-distance.ts'

describe('edit distance', () => {
  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['abc', 'abc', 0],
  ])('of "%s" and "%s" is %i', (a, b, expected) => {
    expect(editDistance(Array.from(a), Array.from(b))).toBe(expected)
    expect(editDistance(Array.from(b), Array.from(a))).toBe(expected)
  })

  test('is a distance: no shorter than the difference of lengths, no longer by a detour', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 })
    fc.assert(
      fc.property(words, words, words, (a, b, c) => {
        const direct = editDistance(a, b)
        expect(direct).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
        expect(direct).toBeLessThanOrEqual(editDistance(a, c) + editDistance(c, b))
        expect(direct === 0).toBe(a.join() === b.join())
      }),
    )
  })

  test('over the length is a share, and counts characters rather than halves of them', () => {
    expect(characterDistance('', '')).toBe(0)
    expect(characterDistance('abcd', 'abxd')).toBe(0.25)
    expect(characterDistance('🎉', '🎈')).toBe(1)
    expect(characterDistance('🎉🎈', '🎉')).toBe(0.5)
  })
})

describe('error rates', () => {
  test('are edits over what was said, all texts together', () => {
    expect(wordErrorRate(['the cat sat', 'on  mats'], ['the cat sat down', 'on the mat'])).toBeCloseTo(3 / 7)
    expect(characterErrorRate(['abd', ''], ['abc', 'x'])).toBeCloseTo(2 / 4)
  })

  test('may exceed 1, and count what was heard in silence', () => {
    expect(wordErrorRate(['a b c'], ['a'])).toBe(2)
    expect(wordErrorRate(['a b'], [''])).toBe(2)
    expect(characterErrorRate([''], [''])).toBe(0)
  })
})
