import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answerEndId, encodeConversation } from '../../../core/data/chat/conversation.ts'
import { chatTemplate, defaultTemplate, readChatTemplate } from '../../../core/data/chat/template.ts'
import { loadTokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import { decoderFolder } from '../../golden/decoder-reference.ts'
import { temporaryFolder } from '../../support/temporary.ts'

const hello = [
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Good day' },
]
const render = (source: string) => chatTemplate(source, { eos_token: '</s>' }, true, 'here').render(hello)

describe('a hostile template ends soon, and the sentence says why', () => {
  const doubled = (start: string, times: number) =>
    `{% set ns = namespace(s=${start}) %}{% for a in range(${times}) %}{% set ns.s = ns.s + ns.s %}{% endfor %}`
  test.each([
    [
      'many operations',
      '{% for a in range(2000) %}{% for b in range(2000) %}{{ a }}{% endfor %}{% endfor %}',
      'operations',
    ],
    [
      'loops without operations',
      `{% for a in range(99999) %}${'{% for b in range(99999) %}{% endfor %}'}{% endfor %}`,
      'second',
    ],
    ['a large count', '{% for a in range(1000000000) %}x{% endfor %}', 'counts to'],
    ['a long text', `${doubled("'xxxxxxxxxx'", 60)}{{ ns.s }}`, 'more than'],
    ['a long list', doubled('[1, 2, 3, 4]', 60), 'more than'],
    ['wide margins', "{{ 'a' | indent(1000000000) }}", 'string length'],
    ['deep nesting', `{{ ${'('.repeat(90_000)}`, 'call stack'],
    ['endless recursion', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', ''],
    ['a slow pattern', `${' '.repeat(190_000)}x`, 'two seconds'],
    ['a long source', 'x'.repeat(300_000), '300000 characters'],
    ['code', "{{ messages.constructor.constructor('return process')() }}", ''],
    ['what is no template', '{% if %}', ''],
  ])('%s', (_, source, reason) => {
    const begun = performance.now()
    expect(() => render(source)).toThrowError(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining(reason) }),
    )
    expect(performance.now() - begun).toBeLessThan(10_000)
  })

  test('and others go on', () => {
    expect(render(defaultTemplate)).toBe('### Instruction:\nHello\n\n### Response:\nGood day</s>\n\n')
  })
})

test('a template that refuses turns says so of the data', () => {
  expect(() => render("{{ raise_exception('Roles must alternate.') }}")).toThrowError(
    expect.objectContaining({ code: 'bad_data', message: expect.stringMatching(/refuses.*Roles must alternate\.$/) }),
  )
})

test('a template knows neither the date nor anything of the program', () => {
  expect(render('{{ strftime_now is defined }} {{ process is defined }} {{ globalThis is defined }}')).toBe(
    'false false false',
  )
})

describe('a model folder', () => {
  const folder = async () => {
    const dir = await temporaryFolder()
    await cp(decoderFolder('gpt2'), dir, { recursive: true })
    return dir
  }

  test('has its template in a file of its own, or among the tokenizer settings, named or not', async () => {
    const dir = await folder()
    const settings = (chat_template: unknown) =>
      writeFile(
        join(dir, 'tokenizer_config.json'),
        JSON.stringify({ eos_token: { content: '<|endoftext|>' }, chat_template }),
      )
    await settings('{{ eos_token }}')
    expect(readChatTemplate(dir).render(hello)).toBe('<|endoftext|>')
    await settings([
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: 'plain' },
    ])
    expect(readChatTemplate(dir).render(hello)).toBe('plain')
    await writeFile(join(dir, 'chat_template.jinja'), 'file')
    expect(readChatTemplate(dir).render(hello)).toBe('file')
    await rm(join(dir, 'chat_template.jinja'))
    await writeFile(join(dir, 'tokenizer_config.json'), '[')
    expect(() => readChatTemplate(dir)).toThrowError(expect.objectContaining({ code: 'bad_file' }))
  })

  test('without one gets plain headings, whose answers end as the model ends texts', async () => {
    const dir = await folder()
    const reading = { template: readChatTemplate(dir), tokenizer: await loadTokenizer(dir) }
    const { ids, targets, length } = encodeConversation(hello, reading, 1000)
    const said = Array.from(ids.filter((_, i) => targets[i] === 1))
    expect(said.at(-1)).toBe(reading.tokenizer.eosId)
    expect(reading.tokenizer.decode(said)).toBe('Good day')
    expect(answerEndId(reading)).toBe(reading.tokenizer.eosId)
    const cut = encodeConversation(hello, reading, 12)
    expect(cut).toMatchObject({ ids: ids.slice(0, 12), targets: new Uint8Array(12), length })
  })
})
