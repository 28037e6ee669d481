import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tokenPreviewSchema } from '../../../core/contract/domain.ts'
import { rowEncoding } from '../../../core/data/chat/row-encoding.ts'
import { openRowStore, writeRowStore } from '../../../core/data/row-store.ts'
import { tokenPreview } from '../../../core/data/token-preview.ts'
import { loadTokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import { temporaryFolder } from '../../support/temporary.ts'

const tinyModel = join(import.meta.dirname, '..', '..', 'golden', 'tiny-bert')

async function storeOf(texts: readonly string[]) {
  const dir = await temporaryFolder()
  async function* rows() {
    for (const [i, text] of texts.entries()) yield { line: i + 2, text, label: i % 2 === 0 ? 'a' : 'b' }
  }
  await writeRowStore(dir, rows())
  return openRowStore(dir)
}

describe('the token preview', () => {
  test('shows tokens as the model will see them, and what share is cut', async () => {
    const tokenizer = await loadTokenizer(tinyModel)
    const store = await storeOf(['win money', 'you win', 'the list '.repeat(8), ''])
    const preview = tokenPreview(store, tokenizer, rowEncoding('text-classification', tokenizer, tinyModel), 8, 3)
    store.close()
    expect(tokenPreviewSchema.parse({ ...preview, model: 'm' })).toEqual({ ...preview, model: 'm' })
    expect(preview).toMatchObject({ maxLength: 8, scanned: 4, truncated: 1 })
    expect(preview.rows.map(({ length, truncated }) => ({ length, truncated }))).toEqual([
      { length: 4, truncated: false },
      { length: 4, truncated: false },
      { length: 18, truncated: true },
    ])
    expect(preview.rows[0]?.tokens).toEqual(['[CLS]', 'win', 'money', '[SEP]'])
    expect(preview.rows[2]?.ids).toHaveLength(8)
    expect(preview.lengths).toMatchObject({ median: 4, max: 18 })
    expect(preview.lengths.p95).toBeCloseTo(15.9)
    expect(preview.lengths.histogram).toEqual([
      { upTo: 4, count: 3 },
      { upTo: 8, count: 0 },
      { upTo: 12, count: 0 },
      { upTo: 16, count: 0 },
      { upTo: 20, count: 1 },
    ])
  })

  test('looks at an even sample of a large dataset', async () => {
    const tokenizer = await loadTokenizer(tinyModel)
    // Only the second half is long: a look at the beginning alone would not see it.
    const store = await storeOf(Array.from({ length: 5000 }, (_, i) => (i < 2500 ? 'win' : 'win money now the list')))
    const { scanned, truncated, lengths } = tokenPreview(
      store,
      tokenizer,
      rowEncoding('text-classification', tokenizer, tinyModel),
      4,
      2,
    )
    store.close()
    expect(truncated / scanned).toBeCloseTo(0.5, 2)
    expect(lengths.histogram.reduce((sum, { count }) => sum + count, 0)).toBe(scanned)
  })

  test('shows conversations as the chat template writes them', async () => {
    const folder = join(import.meta.dirname, '..', '..', 'golden', 'tiny-chat')
    const tokenizer = await loadTokenizer(folder)
    const store = await storeOf(['[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]'])
    const { rows } = tokenPreview(store, tokenizer, rowEncoding('chat', tokenizer, folder), 100, 1)
    store.close()
    const { ids = [] } = rows[0] ?? {}
    expect(tokenizer.tokens(ids).filter((token) => token.startsWith('<|'))).toEqual([
      '<|im_start|>',
      '<|im_end|>',
      '<|im_start|>',
      '<|im_end|>',
    ])
    expect(tokenizer.decode([...ids])).toBe('user\na\nassistant\nb\n')
  })
})
