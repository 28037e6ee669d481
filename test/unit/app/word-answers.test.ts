import { describe, expect, test } from 'vitest'
import { answerInText, differingWords, filledWords, taggedWords } from '../../../core/contract/answers.ts'

describe('answers about the words of a text', () => {
  test('filled words stand amid their text; a wrong one says what was hidden', () => {
    const guesses = [
      ['patch', 0.6],
      ['list', 0.3],
    ]
    const answer = JSON.stringify([{ before: 'a', hidden: 'kernel', after: 'now', guesses }])
    expect(filledWords(answer)).toEqual([
      [
        { text: 'a ' },
        { text: 'patch', mark: 'was kernel', details: 'patch 60 %, list 30 %', right: false },
        { text: ' now' },
      ],
    ])
    const asked = JSON.stringify([{ before: '', hidden: '', after: '', guesses: [] }])
    expect(filledWords(asked)[0]?.[1]).toEqual({ text: '', mark: '', details: '' })
    expect(filledWords('no JSON')).toEqual([])
  })

  test('tagged words carry their tags; a wrong one says which is right', () => {
    expect(taggedWords('Anna met Ben', '["B-PER","O","O"]', ['B-PER', 'O', 'B-PER'])).toEqual([
      { text: 'Anna', mark: 'B-PER', right: true },
      { text: ' ' },
      { text: 'met' },
      { text: ' ' },
      { text: 'Ben', mark: 'O', right: false, details: 'B-PER is right' },
    ])
    expect(taggedWords('Anna met', '["B-PER"]')).toEqual([
      { text: 'Anna', mark: 'B-PER' },
      { text: ' ' },
      { text: 'met' },
    ])
  })

  test('words that differ from the reference are marked: too many, and missing ones in their place', () => {
    expect(differingWords('the cat sat', 'the  cat sat ')).toEqual([{ text: 'the cat sat' }])
    expect(differingWords('a big cat sat down', 'a cat sat down now')).toEqual([
      { text: 'a' },
      { text: ' ' },
      { text: 'big', mark: '', right: false },
      { text: ' ' },
      { text: 'cat sat down' },
      { text: ' ' },
      { text: 'now', mark: '', missing: true },
    ])
    // In place of a word another one: what should be there comes first.
    expect(differingWords('5 4 1', '5 4 0').map(({ text }) => text)).toEqual(['5 4', ' ', '0', ' ', '1'])
    expect(differingWords('4 5 6 7', '8 9 1 4')).toEqual([{ text: '4 5 6 7', mark: '', right: false }])
    expect(differingWords('', '')).toEqual([])
    // Too long to be compared word by word.
    const long = 'la '.repeat(500)
    expect(differingWords(long, `${long} la`)).toEqual([{ text: long }])
  })

  test('an answer stands in its text, with some of it around', () => {
    const text = `${'x'.repeat(100)} here ${'y'.repeat(100)}`
    expect(answerInText(text, 'here', true, 3)).toEqual([
      { text: '… xx ' },
      { text: 'here', mark: '', right: true },
      { text: ' yy …' },
    ])
    expect(answerInText(text, 'elsewhere')).toEqual([{ text: 'elsewhere', mark: '' }])
    expect(answerInText(text, '')).toEqual([{ text: '', mark: '' }])
  })
})
