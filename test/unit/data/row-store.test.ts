import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openRowStore, type SourceRow, writeRowStore } from '../../../core/data/row-store.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'

async function* stream(rows: readonly SourceRow[]): AsyncGenerator<SourceRow> {
  yield* rows
}

const small: SourceRow[] = [
  { line: 2, text: 'first', label: 'b' },
  { line: 3, text: 'zwei\nZeilen "und" 漢字 🙂', label: 'a' },
  { line: 9, text: 'first', label: 'b' },
]

describe('the row store', () => {
  test('gives back what was written, by number, by many and in order', async () => {
    const dir = await temporaryFolder()
    // Lone surrogates too: a text is kept as it came.
    const row = fc.record({ line: fc.nat(), text: fc.string({ unit: 'binary' }), label: fc.string() })
    const rows = fc.sample(fc.array(row, { minLength: 200, maxLength: 300 }), { numRuns: 1, seed: 3 })[0] as SourceRow[]
    rows.push({ line: 1, text: `\ud800 ${'x'.repeat(400_000)}`, label: 'long' })
    const info = await writeRowStore(dir, stream(rows))
    const store = openRowStore(dir)
    const expected = rows.map((source, i) => ({ row: i, ...source }))
    expect(store.count).toBe(rows.length)
    expect([...store.iterate()]).toEqual(expected)
    expect(store.readMany([7, 0, rows.length - 1])).toEqual([expected[7], expected[0], expected.at(-1)])
    expect(store.labels).toEqual([...new Set(rows.map(({ label }) => label))].sort())
    expect(info.labels.reduce((sum, { count }) => sum + count, 0)).toBe(rows.length)
    store.close()
  })

  test('hashes texts and labels in order, and not the lines they stood on', async () => {
    const hashOf = async (rows: SourceRow[]) => (await writeRowStore(await temporaryFolder(), stream(rows))).contentHash
    const hash = await hashOf(small)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await hashOf(small.map((row) => ({ ...row, line: row.line + 1 })))).toBe(hash)
    expect(await hashOf([small[1], small[0], small[2]] as SourceRow[])).not.toBe(hash)
    expect(await hashOf([{ line: 1, text: 'a', label: 'bc' }])).not.toBe(
      await hashOf([{ line: 1, text: 'ab', label: 'c' }]),
    )
  })

  test('counts rows whose text occurs more than once', async () => {
    const texts = ['a', 'b', 'a', 'c', 'a', 'b']
    const rows = texts.map((text, i) => ({ line: i, text, label: 'x' }))
    expect((await writeRowStore(await temporaryFolder(), stream(rows))).duplicateCount).toBe(5)
  })

  test('names a row that is not there', async () => {
    const dir = await temporaryFolder()
    await writeRowStore(dir, stream(small))
    const store = openRowStore(dir)
    for (const row of [-1, 3, 0.5]) {
      expect((await errorOf('not_found', () => store.read(row))).message).toContain('rows 0 to 2')
    }
    store.close()
  })

  test('names what is damaged, and a store that is not there', async () => {
    await errorOf('not_found', async () => openRowStore(await temporaryFolder()))
    const damages: ((dir: string) => void)[] = [
      (dir) => rmSync(join(dir, 'rows.jsonl')),
      (dir) => truncateSync(join(dir, 'rows.jsonl'), 20),
      (dir) => appendFileSync(join(dir, 'rows.jsonl'), '\n'),
      (dir) => truncateSync(join(dir, 'rows.idx'), 8),
      (dir) => writeFileSync(join(dir, 'rows.idx'), readFileSync(join(dir, 'rows.idx')).fill(7, 8, 16)),
      (dir) => writeFileSync(join(dir, 'dataset.json'), '{"version":2}'),
    ]
    for (const damage of damages) {
      const dir = await temporaryFolder()
      await writeRowStore(dir, stream(small))
      damage(dir)
      const error = await errorOf(damage === damages[0] ? 'not_found' : 'bad_file', () => openRowStore(dir))
      expect(error.message).toContain(dir)
    }
  })

  test('names a row whose bytes have changed', async () => {
    const dir = await temporaryFolder()
    await writeRowStore(dir, stream(small))
    const bytes = readFileSync(join(dir, 'rows.jsonl'))
    writeFileSync(join(dir, 'rows.jsonl'), bytes.fill('}', 0, 1))
    const store = openRowStore(dir)
    expect((await errorOf('bad_file', () => store.read(0))).message).toContain('row 0')
    expect(store.read(1).label).toBe('a')
    store.close()
  })
})
