import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type TokenizerKind, tokenizerKinds } from '../../core/contract/tokenizers.ts'
import { loadTokenizer, type Tokenizer } from '../../core/data/tokenizers/tokenizer.ts'
import { type TrainedTokenizer, trainTokenizer } from '../../core/data/tokenizers/train/train-tokenizer.ts'
import { uniform } from '../../core/util/random.ts'
import { temporaryFolder } from '../support/temporary.ts'

/** Trained tokenizers against huggingface/tokenizers: make-tokenizer-training.py made the numbers. */

const tableSchema = z.object({
  texts: z.array(z.string()),
  vocab: z.record(z.string(), z.number()),
  merges: z.array(z.string()),
})
const table = tableSchema.parse(JSON.parse(readFileSync(join(import.meta.dirname, 'tokenizer-training.json'), 'utf8')))
const vocabSize = Object.keys(table.vocab).length

function train(kind: TokenizerKind): TrainedTokenizer {
  const plan = { kind, vocabSize, lowercase: true, frame: 'both', maxLength: 512 } as const
  return trainTokenizer(table.texts, table.texts.length, plan, { reading: () => {}, learning: () => {} })
}

async function written(kind: TokenizerKind): Promise<{ dir: string; tokenizer: Tokenizer }> {
  const dir = await temporaryFolder()
  const { tokenizer, settings } = train(kind)
  await writeFile(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer))
  await writeFile(join(dir, 'tokenizer_config.json'), JSON.stringify(settings))
  return { dir, tokenizer: await loadTokenizer(dir) }
}

test('byte-level BPE learns what huggingface/tokenizers learns from the same text', () => {
  const { model } = train('bpe').tokenizer
  if (model.type !== 'BPE') throw new Error('no BPE')
  expect(model.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')))).toEqual(table.merges)
  expect(model.vocab).toEqual(table.vocab)
})

/** A Python that has huggingface/tokenizers. */
const python = process.env.ATTUNE_GOLDEN_PYTHON

const pools = ['abcdefg ing ed', ' .,;:!?\n\t', 'éàüßøñ“”…', '日本語ひら한국', '🙂🚀ﬁ①½', 'прив ΣΑΣ']
/** Texts of up to 60 characters, of which the words above are made and others. */
const strings = Array.from({ length: 200 }, (_, text) =>
  Array.from({ length: Math.floor(uniform(9, text) * 60) }, (_, place) => {
    const pool = Array.from(pools[Math.floor(uniform(9, text, place, 0) * pools.length)] as string)
    return pool[Math.floor(uniform(9, text, place, 1) * pool.length)]
  }).join(''),
)

describe.skipIf(!python)('huggingface/tokenizers', () => {
  test.each(tokenizerKinds)('takes the file and gives the same ids: %s', async (kind) => {
    const { dir, tokenizer } = await written(kind)
    const texts = [...strings, ...table.texts]
    await writeFile(join(dir, 'texts.json'), JSON.stringify(texts))
    const script = join(import.meta.dirname, 'make-tokenizer-training.py')
    const told = execFileSync(python as string, [script, 'ids', dir, join(dir, 'texts.json')], { encoding: 'utf8' })
    const ours = texts.map((text) => Array.from(tokenizer.encode(text, Number.MAX_SAFE_INTEGER).ids))
    expect(ours).toEqual(JSON.parse(told))
  })
})
