import { describe, expect, test } from 'vitest'
import { conversationOf, preferenceOf, turnsOf } from '../../../core/contract/turns.ts'

const user = (content: string) => ({ role: 'user', content })
const assistant = (content: string) => ({ role: 'assistant', content })

describe('turns', () => {
  test('are a JSON list, in either way of writing', () => {
    expect(turnsOf('[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]')).toEqual([
      user('a'),
      assistant('b'),
    ])
    expect(turnsOf(' [{"from":"human","value":"a"},{"from":"gpt","value":"b"}]')).toEqual([user('a'), assistant('b')])
    expect(turnsOf('[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]')).toEqual([
      user('ab'),
    ])
  })
  test.each(['hello', '[', '[]', '[1]', '[{"role":"user"}]', '[{"role":"user","content":null}]', '{"role":"user"}'])(
    'are not %s',
    (text) => expect(turnsOf(text)).toBeNull(),
  )
})

describe('a conversation', () => {
  test('is messages, or an instruction with its output', () => {
    expect(conversationOf({ text: '[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]' })).toHaveLength(
      2,
    )
    expect(conversationOf({ text: 'Add', fields: { output: '3' } })).toEqual([user('Add'), assistant('3')])
    expect(conversationOf({ text: 'Add', fields: { input: '1, 2', output: '3' } })).toEqual([
      user('Add\n\n1, 2'),
      assistant('3'),
    ])
  })
  test('says why it is none', () => {
    expect(conversationOf({ text: 'Add' })).toMatch(/without an output/)
    expect(conversationOf({ text: '[{"role":"user","content":"a"}]' })).toMatch(/no answer/)
    expect(conversationOf({ text: '[{"role":"user"}]' })).toMatch(/no JSON list/)
  })
})

describe('a preference', () => {
  test('has a prompt and two answers, as texts', () => {
    expect(preferenceOf({ text: 'Q', fields: { chosen: 'good', rejected: 'bad' } })).toEqual({
      prompt: [user('Q')],
      chosen: [assistant('good')],
      rejected: [assistant('bad')],
    })
  })
  test('may repeat the prompt in its answers', () => {
    const whole = (answer: string) => JSON.stringify([user('Q'), assistant(answer)])
    const expected = { chosen: [assistant('good')], rejected: [assistant('bad')] }
    expect(preferenceOf({ text: 'Q', fields: { chosen: whole('good'), rejected: whole('bad') } })).toMatchObject(
      expected,
    )
    const prompt = JSON.stringify([{ role: 'system', content: 'S' }, user('Q')])
    expect(preferenceOf({ text: prompt, fields: { chosen: whole('good'), rejected: whole('bad') } })).toMatchObject(
      expected,
    )
  })
  test('says why it is none', () => {
    expect(preferenceOf({ text: 'Q', fields: { chosen: 'same', rejected: 'same' } })).toMatch(/the same/)
    expect(preferenceOf({ text: 'Q', fields: { chosen: 'good', rejected: ' ' } })).toMatch(/rejected/)
  })
})
