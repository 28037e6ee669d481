import { describe, expect, test } from 'vitest'
import { answerInText, filledWords, taggedWords } from '../../../core/contract/answers.ts'

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
      { text: 'Anna ', mark: 'B-PER', right: true },
      { text: 'met ' },
      { text: 'Ben ', mark: 'O', right: false, details: 'B-PER is right' },
    ])
    expect(taggedWords('Anna met Ben', '["B-PER"]')).toEqual([
      { text: 'Anna ', mark: 'B-PER' },
      { text: 'met ' },
      { text: 'Ben ' },
    ])
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
