import { describe, expect, test } from 'vitest'
import { tidyRow } from '../../../core/data/tidy-row.ts'

describe('a row with tags', () => {
  const tidy = (text: string, tags: string) => tidyRow('token-classification', { text, fields: { tags } })

  test.each([
    ['["EU","rejects","call"]', '["B-ORG","O","O"]'],
    ['EU  rejects\tcall', 'B-ORG O O'],
  ])('is kept as words and tags with spaces between: %s', (text, tags) => {
    expect(tidy(text, tags)).toEqual({
      text: 'EU rejects call',
      fields: { tags: 'B-ORG O O' },
      counted: ['B-ORG', 'O', 'O'],
    })
  })

  test('takes numbers for tags, and parts no word that has a space in it', () => {
    expect(tidy('["New York","is"]', '[3,0]')).toMatchObject({ text: 'NewYork is', fields: { tags: '3 0' } })
  })

  test('has as many of one as of the other', () => {
    expect(tidy('EU rejects', 'O')).toBe('There are 2 words and 1 tags')
  })
})

describe('a row with an answer', () => {
  const text = 'Berlin is large. Berlin is old.'
  const tidy = (answer: string, answer_start?: string) =>
    tidyRow('question-answering', {
      text,
      fields: { question: 'Where?', answer, ...(answer_start && { answer_start }) },
    })

  test('knows where it begins: as said, else at the first place', () => {
    expect(tidy('Berlin')).toMatchObject({ fields: { answer: 'Berlin', answer_start: '0' } })
    expect(tidy('Berlin', '17')).toMatchObject({ fields: { answer_start: '17' } })
    expect(tidy('Berlin', '3')).toMatchObject({ fields: { answer_start: '0' } })
  })

  test('may be as SQuAD has it', () => {
    const squad = JSON.stringify({ text: ['old', 'large'], answer_start: [27, 10] })
    expect(tidy(squad)).toMatchObject({ fields: { answer: 'old', answer_start: '27' } })
  })

  test('stands in its text', () => {
    expect(tidy('Hamburg')).toBe('The answer "Hamburg" does not stand in the text')
    expect(tidy(JSON.stringify({ text: [], answer_start: [] }))).toBe('The answer is empty')
  })
})

test('a row with a number has one', () => {
  const tidy = (value: string) => tidyRow('text-regression', { text: 'a', fields: { value } })
  expect(tidy(' 1e2 ')).toEqual({ text: 'a', fields: { value: '100' } })
  expect(tidy('much')).toBe('The value "much" is no number')
})

test('other rows stay as they are', () => {
  const cells = { text: '["a"]', fields: {} }
  expect(tidyRow('text-classification', cells)).toBe(cells)
})
