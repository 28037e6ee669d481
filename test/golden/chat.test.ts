import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { encodeConversation } from '../../core/data/chat/conversation.ts'
import { chatTemplate, defaultTemplate, readChatTemplate } from '../../core/data/chat/template.ts'
import { loadTokenizer } from '../../core/data/tokenizers/tokenizer.ts'
import { numbers } from './reference.ts'

/** Chat templates against transformers' apply_chat_template: make-chat.py made the texts and ids. */

const folder = join(import.meta.dirname, 'tiny-chat')
const rowSchema = z.object({
  turns: z.array(z.tuple([z.string(), z.string()])),
  text: z.string(),
  opened: z.string(),
  ids: numbers,
  mask: numbers.optional(),
})
const tables = z
  .array(z.object({ name: z.string(), template: z.string(), rows: z.array(rowSchema) }))
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'chat.json'), 'utf8')))

const specials = { bos_token: '<|endoftext|>', eos_token: '<|im_end|>', pad_token: '<|endoftext|>' }
const tokenizer = await loadTokenizer(folder)

describe.each(tables)('the template "$name"', ({ template: source, rows }) => {
  const template = chatTemplate(source, specials, true, folder)
  const turnsOf = ({ turns }: (typeof rows)[0]) => turns.map(([role, content]) => ({ role, content }))

  test('gives the texts of transformers', () => {
    for (const row of rows) {
      expect(template.render(turnsOf(row))).toBe(row.text)
      expect(template.render(turnsOf(row), true)).toBe(row.opened)
    }
  })

  test('gives its ids, and what the assistant says', () => {
    for (const row of rows) {
      const { ids, targets, length } = encodeConversation(turnsOf(row), { template, tokenizer }, 1000)
      expect(Array.from(ids)).toEqual(row.ids)
      expect(length).toBe(row.ids.length)
      if (row.mask) expect(Array.from(targets)).toEqual(row.mask)
      const said = tokenizer.decode(Array.from(ids.filter((_, i) => targets[i] === 1)))
      expect(said).toContain(row.turns.at(-1)?.[1].trim())
    }
  })
})

test('an answer that later turns change is not learnt, and neither is any other twice', () => {
  const { template: source, rows } = tables.find(({ name }) => name === 'thinking') as (typeof tables)[0]
  const turns = (rows[2]?.turns ?? []).map(([role, content]) => ({ role, content }))
  const reading = { template: chatTemplate(source, specials, true, folder), tokenizer }
  const { ids, targets } = encodeConversation(turns, reading, 1000)
  expect(tokenizer.decode(Array.from(ids.filter((_, i) => targets[i] === 1)))).toBe('<think>\nb\n</think>\n\nc')
  expect(tokenizer.tokens([ids[targets.lastIndexOf(1)] as number])).toEqual(['<|im_end|>'])
})

test('the folder brings its template, and one without gets the default', () => {
  expect(readChatTemplate(folder)).toMatchObject({ isOwn: true, source: tables[0]?.template })
  expect(tables.find(({ name }) => name === 'default')?.template).toBe(defaultTemplate)
  expect(readChatTemplate(join(import.meta.dirname, 'tiny-llama'))).toMatchObject({ isOwn: false })
})
