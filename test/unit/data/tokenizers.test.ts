import { existsSync } from 'node:fs'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openTable } from '../../../core/data/readers/table.ts'
import { BertTokenizer } from '../../../core/data/tokenizers/bert-tokenizer.ts'
import { LibraryTokenizer } from '../../../core/data/tokenizers/library-tokenizer.ts'
import { loadTokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import { parseTokenizerJson } from '../../../core/data/tokenizers/tokenizer-json.ts'
import { attuneCache } from '../../../core/util/paths.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'

const tinyModel = join(import.meta.dirname, '..', '..', 'golden', 'tiny-bert')
const starter = join(attuneCache(), 'starters', 'minilm-l6')
const emails = join(attuneCache(), 'samples', 'spam-assassin', 'emails.csv')
const tinyJson = JSON.parse(await readFile(join(tinyModel, 'tokenizer.json'), 'utf8'))

/** tiny-bert's tokenizer.json with parts replaced, as a checked file. */
function variant(changes: Record<string, unknown>): string {
  return JSON.stringify({ ...tinyJson, ...changes })
}

describe('a BERT tokenizer', () => {
  test('cuts the text and keeps the special tokens, and says how long it was', async () => {
    const tokenizer = await loadTokenizer(tinyModel)
    const { ids, length } = tokenizer.encode('Win money, now!', 5)
    expect(tokenizer.tokens(ids)).toEqual(['[CLS]', 'win', 'money', ',', '[SEP]'])
    expect(length).toBe(7)
    expect(tokenizer.tokens(tokenizer.encode('', 5).ids)).toEqual(['[CLS]', '[SEP]'])
    expect(tokenizer.encode('win', 5)).toEqual(tokenizer.encode('win', 5))
    expect(tokenizer).toMatchObject({ padId: 0, vocabSize: 127, hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })

  test('special tokens in a text are themselves', async () => {
    const tokenizer = await loadTokenizer(tinyModel)
    const { ids } = tokenizer.encode('win[SEP]money [MASK] [sep]', 64)
    expect(tokenizer.tokens(ids)).toEqual([
      '[CLS]',
      'win',
      '[SEP]',
      'money',
      '[MASK]',
      '[',
      's',
      '##e',
      '##p',
      ']',
      '[SEP]',
    ])
  })

  test('unknown words, accents, case, Chinese characters and controls', async () => {
    const tokenizer = await loadTokenizer(tinyModel)
    const tokensOf = (text: string) => tokenizer.tokens(tokenizer.encode(text, 64).ids).slice(1, -1)
    expect(tokensOf('WÍN wi\u200bn\twin\u00a0win')).toEqual(['win', 'win', 'win', 'win'])
    expect(tokensOf('win漢win')).toEqual(['win', '[UNK]', 'win'])
    expect(tokensOf(`${'a'.repeat(101)} a漢a 🙂`)).toEqual(['[UNK]', 'a', '[UNK]', 'a', '[UNK]'])
    expect(tokensOf('the\ud800re')).toEqual(['the', '##r', '##e'])
  })

  test('from vocab.txt alone gives what tokenizer.json gives', async () => {
    const dir = await temporaryFolder()
    await cp(tinyModel, dir, { recursive: true })
    await rm(join(dir, 'tokenizer.json'))
    const [json, text] = [await loadTokenizer(tinyModel), await loadTokenizer(dir)]
    expect(text.hash).not.toBe(json.hash)
    for (const words of ['Win MONEY now', 'émigré [SEP]', 'x'.repeat(200)]) {
      expect(text.encode(words, 32)).toEqual(json.encode(words, 32))
    }
    await writeFile(join(dir, 'tokenizer_config.json'), '{"do_lower_case":false}')
    const cased = await loadTokenizer(dir)
    expect(cased.tokens(cased.encode('win Win', 32).ids)).toEqual(['[CLS]', 'win', '[UNK]', '[SEP]'])
  })
})

describe('K02 the same ids as the library', () => {
  const pairOf = (text: string) => {
    const json = parseTokenizerJson(text, 'tokenizer.json')
    return { library: new LibraryTokenizer(json, {}, ''), ours: new BertTokenizer(json as never, {}, '') }
  }
  const same = ({ library, ours }: ReturnType<typeof pairOf>, text: string) => {
    for (const maxLength of [8, 64]) {
      const [expected, found] = [library.encode(text, maxLength), ours.encode(text, maxLength)]
      expect({ text, ids: [...found.ids], length: found.length }).toEqual({
        text,
        ids: [...expected.ids],
        length: expected.length,
      })
    }
  }
  /**
   * Where the library itself departs from the reference (huggingface/tokenizers), which golden/ compares with: a
   * capital sigma at a word's end, and Chinese characters beyond U+FFFF.
   */
  const departs = /[Σ\u{20000}-\u{2fa1f}]/u

  test('for random Unicode and for random words, cased and uncased', () => {
    const unicode = fc.string({ unit: 'binary', maxLength: 40 })
    const pieces = [
      'win',
      'WIN',
      'né',
      ' ',
      '\n',
      '\u3000',
      '漢',
      'ﬁ',
      "'",
      '##e',
      '[SEP]',
      '[PAD',
      '\u0301',
      '\u0000',
      'ß',
      'İ',
      '。',
      '≮',
      '~',
    ]
    const wordy = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''))
    const pairs = [
      pairOf(variant({})),
      pairOf(variant({ normalizer: { ...tinyJson.normalizer, lowercase: false } })),
      pairOf(variant({ normalizer: { ...tinyJson.normalizer, strip_accents: false, handle_chinese_chars: false } })),
    ]
    fc.assert(
      fc.property(fc.oneof(unicode, wordy), (text) => {
        if (!departs.test(text)) for (const pair of pairs) same(pair, text)
      }),
      { numRuns: 3000, seed: 20 },
    )
  })

  test.skipIf(!existsSync(starter) || !existsSync(emails))('for real mails with the real vocabulary', async () => {
    const pair = pairOf(await readFile(join(starter, 'tokenizer.json'), 'utf8'))
    expect([...pair.ours.encode('A man is playing a guitar.', 128).ids]).toEqual([
      101, 1037, 2158, 2003, 2652, 1037, 2858, 1012, 102,
    ])
    let row = 0
    for await (const item of (await openTable(emails, 'emails.csv')).items) {
      if (row++ % 5 === 0 && 'cells' in item) same(pair, item.cells.get('text') ?? '')
    }
    expect(row).toBeGreaterThan(2000)
  })
})

describe('K01 malformed tokenizer files are refused by name', () => {
  const { model } = tinyJson
  const regex = (source: string) => ({ type: 'Split', pattern: { Regex: source }, behavior: 'Isolated' })
  const replace = (pattern: string, content: string) => ({ type: 'Replace', pattern: { String: pattern }, content })
  const bpe = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] }
  const nested = (depth: number): unknown =>
    depth === 0 ? { type: 'Lowercase' } : { type: 'Sequence', normalizers: [nested(depth - 1)] }

  const cases: [string, Record<string, unknown>, 'bad_file' | 'unsupported', RegExp][] = [
    ['unknown model type', { model: { ...model, type: 'Mystery' } }, 'unsupported', /"Mystery"/],
    ['no model', { model: null }, 'bad_file', /model/],
    ['negative id', { model: { ...model, vocab: { ...model.vocab, free: -1 } } }, 'bad_file', /model\.vocab\.free/],
    ['fractional id', { model: { ...model, vocab: { ...model.vocab, free: 1.5 } } }, 'bad_file', /model\.vocab\.free/],
    [
      'gap in the ids',
      { model: { ...model, vocab: { ...model.vocab, free: 500 } } },
      'bad_file',
      /gap: no token has the id/,
    ],
    ['two tokens with one id', { model: { ...model, vocab: { ...model.vocab, extra: 7 } } }, 'bad_file', /same id/],
    ['empty vocabulary', { model: { ...model, vocab: {} } }, 'bad_file', /empty/],
    ['unknown token not there', { model: { ...model, unk_token: '<unk>' } }, 'bad_file', /"<unk>"/],
    ['endless words', { model: { ...model, max_input_chars_per_word: 1e9 } }, 'bad_file', /max_input_chars/],
    [
      'added token with the id of another',
      { added_tokens: [{ id: 7, content: 'new' }] },
      'bad_file',
      /"new" has the id 7/,
    ],
    ['added token with two ids', { added_tokens: [{ id: 200, content: 'free' }] }, 'bad_file', /"free" has the ids/],
    ['empty added token', { added_tokens: [{ id: 127, content: '' }] }, 'bad_file', /added_tokens/],
    [
      'merge of unknown tokens',
      { model: { ...bpe, merges: ['a b', 'a c'] }, added_tokens: [], post_processor: null },
      'bad_file',
      /merge 1 needs the token "c"/,
    ],
    [
      'merge of three',
      { model: { ...bpe, merges: ['a b a'] }, added_tokens: [], post_processor: null },
      'bad_file',
      /merge 0/,
    ],
    ['a list again and again', { pre_tokenizer: regex('[ab]+$') }, 'unsupported', /"\[ab\]\+\$"/],
    ['catastrophic pattern', { pre_tokenizer: regex('(a+)+$') }, 'unsupported', /"\(a\+\)\+\$"/],
    [
      'catastrophic pattern, nested',
      { pre_tokenizer: { type: 'Sequence', pretokenizers: [regex('(a|aa)*b')] } },
      'unsupported',
      /not among/,
    ],
    [
      'chain of growing replacements',
      { normalizer: { type: 'Sequence', normalizers: Array(40).fill(replace('a', 'aa')) } },
      'bad_file',
      /16 times as long/,
    ],
    ['replacement of nothing', { normalizer: replace('', 'x') }, 'bad_file', /empty text/],
    ['unknown step', { pre_tokenizer: { type: 'Eval', code: '1' } }, 'unsupported', /"Eval"/],
    ['steps nested too deep', { normalizer: nested(50) }, 'bad_file', /nested/],
    ['padding to a billion', { padding: { strategy: { Fixed: 1e9 }, pad_id: 0 } }, 'bad_file', /padding/],
    [
      'padding to a multiple of a billion',
      { padding: { strategy: 'BatchLongest', pad_to_multiple_of: 1e9 } },
      'bad_file',
      /pad_to_multiple_of/,
    ],
    ['stride not below max_length', { truncation: { max_length: 8, stride: 8 } }, 'bad_file', /stride/],
    [
      'template with a missing token',
      { post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '[NO]', type_id: 0 } }] } },
      'bad_file',
      /"\[NO\]"/,
    ],
  ]

  test.each(cases)('%s', async (_name, changes, code, message) => {
    const error = await errorOf(code, () => parseTokenizerJson(variant(changes), 'tokenizer.json'))
    expect(error.message).toMatch(message)
    expect(error.message).toMatch(/^tokenizer\.json: /)
  })

  test.each([
    ['spiece.model', /kept as spiece\.model: .*save_pretrained\('\.'\)/],
    ['merges.txt', /kept as merges\.txt: .*save_pretrained/],
    ['source.spm', /scripts\/opus-mt-tokenizer\.py FOLDER/],
  ])('folders with %s instead are told what writes tokenizer.json', async (name, way) => {
    const dir = await temporaryFolder()
    expect((await errorOf('not_found', () => loadTokenizer(dir))).message).not.toMatch(/Python/)
    for (const file of [name, 'vocab.json']) await writeFile(join(dir, file), '')
    expect((await errorOf('not_found', () => loadTokenizer(dir))).message).toMatch(way)
  })

  test('what is no JSON, and folders without a tokenizer', async () => {
    const dir = await temporaryFolder()
    await errorOf('not_found', () => loadTokenizer(dir))
    await writeFile(join(dir, 'vocab.txt'), '[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na\n')
    expect((await errorOf('bad_file', () => loadTokenizer(dir))).message).toContain('"a" is on two lines')
    await writeFile(join(dir, 'vocab.txt'), 'a\nb\n')
    expect((await errorOf('bad_file', () => loadTokenizer(dir))).message).toContain('[UNK]')
    await writeFile(join(dir, 'tokenizer.json'), '{')
    await errorOf('bad_file', () => loadTokenizer(dir))
    await writeFile(join(dir, 'tokenizer_config.json'), '[]')
    expect((await errorOf('bad_file', () => loadTokenizer(dir))).message).toContain('tokenizer_config.json')
  })
})

test('other tokenizers are run by the library, cut in the same way', () => {
  const vocab = Object.fromEntries(['<s>', '</s>', '<unk>', 'a', 'b', 'ab'].map((token, id) => [token, id]))
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } })
  const json = parseTokenizerJson(
    variant({
      model: { type: 'BPE', vocab, merges: ['a b'], unk_token: '<unk>' },
      added_tokens: [],
      normalizer: {
        type: 'Sequence',
        normalizers: [{ type: 'Lowercase' }, { type: 'Replace', pattern: { Regex: '[\u0001-\u0008]' }, content: '' }],
      },
      pre_tokenizer: { type: 'Whitespace' },
      decoder: { type: 'Fuse' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [special('<s>'), { Sequence: { id: 'A', type_id: 0 } }, special('</s>')],
        pair: [],
        special_tokens: {},
      },
    }),
    'tokenizer.json',
  )
  const tokenizer = new LibraryTokenizer(json, {}, '')
  const { ids, length } = tokenizer.encode('A\u0003B b a ab', 5)
  expect(tokenizer.tokens(ids)).toEqual(['<s>', 'ab', 'b', 'a', '</s>'])
  expect(length).toBe(6)
  expect(tokenizer.vocabSize).toBe(6)
})
