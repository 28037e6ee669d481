import { readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ImportOptions, importDataset, previewFile } from '../../../core/data/import.ts'
import { openRowStore } from '../../../core/data/row-store.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'
import { fileWith } from './tables.ts'

const newFolder = async () => join(await temporaryFolder(), 'datasets', 'one')

/** `count` rows of two labels, with a header. */
function csv(count: number, more = ''): string {
  const rows = Array.from({ length: count }, (_, i) => `some words number ${i},${i % 2 === 0 ? 'ham' : 'spam'}`)
  return `text,label\n${rows.join('\n')}\n${more}`
}

async function imported(content: string, options: Partial<ImportOptions> = {}, fileName = 'data.csv') {
  const path = await fileWith(content, fileName)
  const destination = await newFolder()
  const result = await importDataset(
    'text-classification',
    path,
    fileName,
    { onBadRows: 'skip', ...options },
    destination,
  )
  return { result, destination }
}

/** The error of an import that must leave nothing behind. */
async function refused(content: string, options: Partial<ImportOptions> = {}, fileName = 'data.csv') {
  const path = await fileWith(content, fileName)
  const destination = join(await temporaryFolder(), 'one')
  const error = await errorOf(options.signal ? 'stopped' : 'bad_data', () =>
    importDataset('text-classification', path, fileName, { onBadRows: 'skip', ...options }, destination),
  )
  expect(readdirSync(dirname(destination))).toEqual([])
  return error
}

describe('an import', () => {
  test('makes a row store, and says everything about it', async () => {
    const { result, destination } = await imported(
      csv(12, 'twice, ham \ntwice,spam\n ,ham\nno label,\nragged\n"last, one",spam\n'),
    )
    expect(result).toMatchObject({
      task: 'text-classification',
      format: 'csv',
      fileName: 'data.csv',
      rows: 15,
      labels: [
        { label: 'ham', count: 7 },
        { label: 'spam', count: 8 },
      ],
      mapping: { text: 'text', label: 'label' },
      problems: [
        { line: 16, message: 'The text (column "text") is empty.' },
        { line: 17, message: 'The label (column "label") is empty.' },
        { line: 18, message: 'The row has 1 field, the header 2.' },
      ],
      problemCount: 3,
      duplicateCount: 2,
    })
    const store = openRowStore(destination)
    expect(store.read(12)).toEqual({ row: 12, line: 14, text: 'twice', label: 'ham' })
    expect(store.read(14)).toEqual({ row: 14, line: 19, text: 'last, one', label: 'spam' })
    expect(store.info.contentHash).toBe(result.contentHash)
    store.close()
  })

  test('gives the same content hash for the same rows in another format', async () => {
    const lines = csv(12).trim().split('\n').slice(1)
    const json = lines.map((line) => line.split(',')).map(([words, label]) => JSON.stringify({ label, words }))
    const first = await imported(csv(12))
    const second = await imported(json.join('\n'), {}, 'data.jsonl')
    const third = await imported(csv(12).replaceAll('\n', '\r\n').replaceAll(',', ';'))
    expect(second.result.mapping).toEqual({ text: 'words', label: 'label' })
    expect(second.result.contentHash).toBe(first.result.contentHash)
    expect(third.result.contentHash).toBe(first.result.contentHash)
  })

  test('takes the columns that are given', async () => {
    const content = csv(12).replaceAll('\n', ',x\n').replace(',x', ',text2')
    const { result } = await imported(content, { mapping: { text: 'label', label: 'text' } })
    expect(result.mapping).toEqual({ text: 'label', label: 'text' })
    expect(result.labels).toHaveLength(12)
  })

  test('tells how far it is, up to the end', async () => {
    const path = await fileWith(csv(5000))
    const seen: [number, number][] = []
    const destination = join(await temporaryFolder(), 'one')
    await importDataset('text-classification', path, 'a.csv', { onBadRows: 'skip' }, destination, (...at) =>
      seen.push(at),
    )
    const [done, total] = seen.at(-1) as [number, number]
    expect(done).toBe(total)
    expect(seen.length).toBeGreaterThan(2)
  })
})

describe('D10 what is no dataset is refused, with what was found, and leaves nothing', () => {
  test('one class only', async () => {
    const error = await refused(csv(20).replaceAll('spam', 'ham'), { mapping: { text: 'text', label: 'label' } })
    expect(error.message).toMatch(/same label, "ham" \(column "label"\)/)
  })

  test('no usable rows, and too few', async () => {
    expect((await refused('text,label\n')).message).toMatch(/cannot be told|no usable rows/)
    const given = { mapping: { text: 'text', label: 'label' } }
    expect((await refused('text,label\n', given)).message).toContain('no usable rows')
    expect((await refused(csv(9, 'x\n'), given)).message).toMatch(/only 9 usable rows \(1 could not be used: line 11: /)
  })

  test('a label with more than 1,000 values', async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => `words,id${i}`).join('\n')
    const error = await refused(`text,label\n${rows}\n`)
    expect(error.message).toMatch(/more than 1000 different values by line 1002/)
  })

  test('columns that are not there, are the same, or cannot be told', async () => {
    const near = await refused(csv(12), { mapping: { text: 'texts' } })
    expect(near.message).toMatch(/no column "texts" for the text; did you mean "text"\?/)
    expect((await refused(csv(12), { mapping: { label: 'text', text: 'text' } })).message).toContain('both')
    const numbers = Array.from({ length: 20 }, (_, i) => `${i},${i * 2}`).join('\n')
    expect((await refused(`a,b\n${numbers}\n`)).message).toMatch(/label of|label cannot be told/)
  })

  test('a bad row, when the person wants to stop at the first', async () => {
    const error = await refused(csv(12, 'ragged\n'), { onBadRows: 'stop' })
    expect(error.message).toBe('data.csv, line 14: The row has 1 field, the header 2.')
    expect(error.details).toEqual({ line: 14 })
  })

  test('a bad byte far into the file', async () => {
    const path = await fileWith(Buffer.concat([Buffer.from(csv(5000)), Buffer.from([0xff])]))
    const destination = join(await temporaryFolder(), 'one')
    await errorOf('bad_file', () =>
      importDataset('text-classification', path, 'a.csv', { onBadRows: 'skip' }, destination),
    )
    expect(readdirSync(dirname(destination))).toEqual([])
  })

  test('a cancelled import', async () => {
    await refused(csv(12), { signal: AbortSignal.abort() })
  })

  test('a destination that is taken', async () => {
    const path = await fileWith(csv(12))
    const destination = join(await temporaryFolder(), 'one')
    await mkdir(join(destination, 'kept'), { recursive: true })
    await errorOf('conflict', () =>
      importDataset('text-classification', path, 'a.csv', { onBadRows: 'skip' }, destination),
    )
    expect(readdirSync(dirname(destination))).toEqual(['one'])
    expect(readdirSync(destination)).toEqual(['kept'])
  })
})

describe('a preview', () => {
  test('shows columns, rows, problems and a guess', async () => {
    const path = await fileWith(csv(3, 'ragged\n,ham\n'))
    expect(await previewFile(path, 'data.csv')).toEqual({
      fileName: 'data.csv',
      format: 'csv',
      encoding: 'utf-8',
      delimiter: ',',
      bytes: expect.any(Number),
      columns: [
        { name: 'text', distinct: 3, empty: 1, meanLength: 19, sample: 'some words number 0' },
        { name: 'label', distinct: 2, empty: 0, meanLength: 3.25, sample: 'ham' },
      ],
      suggested: null,
      guesses: expect.objectContaining({
        'text-classification': { text: 'text', label: 'label' },
        'text-generation': { text: 'text' },
      }),
      rows: [
        { line: 2, cells: ['some words number 0', 'ham'] },
        { line: 3, cells: ['some words number 1', 'spam'] },
        { line: 4, cells: ['some words number 2', 'ham'] },
        { line: 6, cells: ['', 'ham'] },
      ],
      scanned: 5,
      complete: true,
      problems: [{ line: 5, message: 'The row has 1 field, the header 2.' }],
      problemCount: 1,
    })
  })

  test('looks at the first thousand rows, shows fifty, and shortens long cells', async () => {
    const path = await fileWith(csv(3000).replace('some words number 0', '🙂'.repeat(3000)))
    const preview = await previewFile(path, 'data.csv')
    expect(preview).toMatchObject({ scanned: 1000, complete: false })
    expect(preview.rows).toHaveLength(50)
    const [shown = ''] = preview.rows[0]?.cells ?? []
    expect(shown.length).toBeLessThanOrEqual(2000)
    expect(shown).toMatch(/^🙂+…$/u)
  })

  test('guesses by name before content, and by content without names', async () => {
    const guessOf = async (content: string, fileName = 'a.csv') =>
      (await previewFile(await fileWith(content, fileName), fileName)).guesses['text-classification']
    const rows = Array.from({ length: 40 }, (_, i) => [
      i,
      `a review of number ${i}`,
      i % 3,
      `long remark ${i} `.repeat(9),
    ])
    const withHeader = (header: string) => `${header}\n${rows.map((row) => row.join(',')).join('\n')}\n`
    expect(await guessOf(withHeader('id,review,sentiment,note'))).toEqual({ text: 'review', label: 'sentiment' })
    expect(await guessOf(withHeader('a,b,c,d'))).toEqual({ text: 'd', label: 'c' })
    expect(await guessOf(withHeader('Label,Text,x,y'))).toEqual({ text: 'Text', label: 'Label' })
  })
})

describe('texts without labels', () => {
  const stories = (count: number) =>
    Array.from({ length: count }, (_, i) => JSON.stringify({ story: `once upon a time ${i}` })).join('\n')

  test('are imported for text generation, an only column being the text', async () => {
    const path = await fileWith(stories(12), 'stories.jsonl')
    const destination = join(await temporaryFolder(), 'one')
    const result = await importDataset('text-generation', path, 'stories.jsonl', { onBadRows: 'skip' }, destination)
    expect(result).toMatchObject({ task: 'text-generation', rows: 12, labels: [], mapping: { text: 'story' } })
    expect(result.mapping).not.toHaveProperty('label')
  })
})

describe('conversations and preferences', () => {
  test('come from messages, or from instructions with their outputs; what is neither is named', async () => {
    const lines = Array.from({ length: 12 }, (_, i) =>
      i === 3
        ? { messages: [{ role: 'user', content: 'alone' }] }
        : {
            messages: [
              { role: 'user', content: `q${i}` },
              { role: 'assistant', content: 'a' },
            ],
          },
    )
    const path = await fileWith(lines.map((line) => JSON.stringify(line)).join('\n'))
    const found = await importDataset('chat', path, 'chats.jsonl', { onBadRows: 'skip' }, await newFolder())
    expect(found).toMatchObject({ rows: 11, mapping: { text: 'messages' }, problemCount: 1, labels: [] })
    expect(found.problems[0]).toEqual({ line: 4, message: 'The messages have no answer of the assistant.' })

    const csvPath = await fileWith(
      [
        'instruction,input,output',
        ...Array.from({ length: 12 }, (_, i) => `say ${i},${i % 2 ? 'that' : ''},${i}`),
      ].join('\n'),
    )
    const instructed = await importDataset('chat', csvPath, 'asks.csv', { onBadRows: 'stop' }, await newFolder())
    expect(instructed).toMatchObject({ rows: 12, mapping: { text: 'instruction', input: 'input', output: 'output' } })
    const without = { mapping: { input: '' }, onBadRows: 'stop' } as const
    const bare = await importDataset('chat', csvPath, 'asks.csv', without, await newFolder())
    expect(bare.mapping).toEqual({ text: 'instruction', output: 'output' })
  })

  test('need two different answers to a prompt', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => `q${i},yes,${i === 5 ? 'yes' : 'no'}`)
    const path = await fileWith(['prompt,chosen,rejected', ...rows].join('\n'))
    const found = await importDataset('preference', path, 'pairs.csv', { onBadRows: 'skip' }, await newFolder())
    expect(found).toMatchObject({ rows: 11, mapping: { text: 'prompt', chosen: 'chosen', rejected: 'rejected' } })
    expect(found.problems[0]?.message).toBe('What is chosen and what is rejected are the same.')
  })
})
