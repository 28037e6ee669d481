import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generationOptionsSchema } from '../../core/contract/generation.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { openEngine } from '../../core/engine/open.ts'
import type { TokenGenerator } from '../../core/generate/generator.ts'
import { type GeneratorSpec, openGenerator } from '../../core/generate/open.ts'
import { checkpointWriter } from '../../core/train/write-model.ts'
import { temporaryFolder } from '../support/temporary.ts'
import {
  type DecoderName,
  decoderFolder,
  decoderNames,
  decoderStep,
  decoderTable,
  openDecoder,
} from './decoder-reference.ts'
import type { EngineKind } from './reference.ts'
import { reportDifference } from './report.ts'

/** Greedy generation against transformers, token for token: make-decoder-tables.py made the numbers. */

const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']
const everywhere = decoderNames.flatMap((name) => engines.map((engine) => [name, engine] as const))
const longest = 20

async function withGenerator<T>(
  name: DecoderName,
  engine: EngineKind,
  spec: Partial<GeneratorSpec>,
  work: (generator: TokenGenerator) => Promise<T>,
): Promise<T> {
  const opened = {
    modelDir: decoderFolder(name),
    adapterDir: null,
    batch: 1,
    precision: 'fp32',
    blockLength: 16,
  } as const
  const generator = await openGenerator(await openEngine(engine, 2), { ...opened, ...spec })
  try {
    return await work(generator)
  } finally {
    generator.close()
  }
}

/** New tokens after each prompt, all prompts at once. */
async function continuations(
  generator: TokenGenerator,
  given: readonly number[][],
  changes: { repetition_penalty?: number; end?: number } = {},
): Promise<number[][]> {
  const { end, ...options } = changes
  const rows: number[][] = given.map(() => [])
  const settings = generationOptionsSchema.parse({ max_new_tokens: longest, ...options })
  for await (const token of generator.generate(given, settings, { ended: (_, id) => id === end })) {
    if ('id' in token) rows[token.row]?.push(token.id)
  }
  return rows
}

async function oneByOne(generator: TokenGenerator, prompts: readonly number[][], changes = {}): Promise<number[][]> {
  const rows = []
  for (const prompt of prompts) rows.push(...(await continuations(generator, [prompt], changes)))
  return rows
}

/** Without the model's own token that ends a text, which is no part of it. */
const unended = (ids: readonly number[]) => (ids.at(-1) === 0 ? ids.slice(0, -1) : ids)

describe.each(everywhere)('greedy generation of %s on the %s engine', (name, engine) => {
  const { generation, ended, afterLora, batches } = decoderTable(name)
  const prompts = generation.map(({ prompt }) => prompt)

  test('gives the tokens of transformers, also under a repetition penalty', async () => {
    await withGenerator(name, engine, {}, async (generator) => {
      expect(await oneByOne(generator, prompts)).toEqual(generation.map(({ alone }) => unended(alone)))
      const penalised = await oneByOne(generator, prompts, { repetition_penalty: 1.5 })
      expect(penalised).toEqual(generation.map(({ penalised }) => unended(penalised)))
      reportDifference(name, `tokens that differ, ${engine}`, 0)
    })
  })

  test.each([16, 7, 128])('of prompts of unequal length at once, blocks of %i', async (blockLength) => {
    await withGenerator(name, engine, { batch: 6, blockLength }, async (generator) => {
      expect(await continuations(generator, prompts)).toEqual(generation.map(({ together }) => unended(together)))
      const end = ended.eos_token_id
      expect(await continuations(generator, prompts, { end })).toEqual(ended.tokens)
    })
  })

  test('of a model with a trained adapter gives the tokens of peft', async () => {
    const dir = await temporaryFolder()
    const subject = await openDecoder(name, 'lora', engine)
    try {
      for (let step = 1; step <= batches.length; step++) decoderStep(subject, step)
      const { session, model, trainable, config } = subject
      await checkpointWriter(session, model, trainable, { config, labels: [], modelDir: decoderFolder(name) })(dir)
    } finally {
      subject.session.close()
    }
    await withGenerator(name, engine, { adapterDir: join(dir) }, async (generator) => {
      expect(await oneByOne(generator, prompts)).toEqual(afterLora.map(unended))
    })
  })
})
