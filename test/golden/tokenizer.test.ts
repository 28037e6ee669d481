import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadTokenizer } from '../../core/data/tokenizers/tokenizer.ts'
import { attuneCache } from '../../core/util/paths.ts'
import { goldenDir } from './reference.ts'

const tableSchema = z.object({
  maxLength: z.number(),
  rows: z.array(z.object({ text: z.string(), ids: z.array(z.number()), length: z.number() })),
})

const cases = [
  { name: 'tiny-bert', folder: join(goldenDir, 'tiny-bert') },
  { name: 'minilm', folder: join(attuneCache(), 'starters', 'minilm-l6') },
]

describe.each(cases)('the tokenizer of $name', ({ name, folder }) => {
  test.skipIf(!existsSync(folder))('gives the ids of transformers for hard strings', async () => {
    const table = tableSchema.parse(JSON.parse(readFileSync(join(goldenDir, `tokenizer-${name}.json`), 'utf8')))
    const tokenizer = await loadTokenizer(folder)
    for (const { text, ids, length } of table.rows) {
      const encoded = tokenizer.encode(text, table.maxLength)
      expect({ text, ids: Array.from(encoded.ids), length: encoded.length }).toEqual({ text, ids, length })
    }
  })
})
