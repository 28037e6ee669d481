import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { generationOptionsSchema } from '../../core/contract/generation.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { openEngine } from '../../core/engine/open.ts'
import { openGenerator } from '../../core/generate/open.ts'
import { familyFolder } from './family-reference.ts'
import { type EngineKind, numbers } from './reference.ts'

/** Greedy generation of models that carry a state, against torch.nn: make-recurrent-models.py made the numbers. */

const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']
const names = ['lstm-generation', 'gru-generation']
const tableSchema = z.array(z.object({ prompt: numbers, ids: numbers }))

async function continuations(name: string, engine: EngineKind, prompts: readonly number[][], batch: number) {
  const spec = { modelDir: familyFolder(name), adapterDir: null, batch, precision: 'fp32' } as const
  const generator = await openGenerator(await openEngine(engine, 2), spec)
  const rows: number[][] = prompts.map(() => [])
  try {
    const options = generationOptionsSchema.parse({ max_new_tokens: 10 })
    for await (const token of generator.generate(prompts, options)) if ('id' in token) rows[token.row]?.push(token.id)
  } finally {
    generator.close()
  }
  return rows
}

describe.each(names.flatMap((name) => engines.map((engine) => [name, engine] as const)))('%s, %s', (name, engine) => {
  const table = tableSchema.parse(JSON.parse(readFileSync(join(familyFolder(name), 'generation.json'), 'utf8')))
  const prompts = table.map(({ prompt }) => prompt)

  test('writes the tokens of torch.nn, prompts of unequal length at once', async () => {
    expect(await continuations(name, engine, prompts, 4)).toEqual(table.map(({ ids }) => ids))
  })

  test('and one alone', async () => {
    const [first] = table
    expect(await continuations(name, engine, prompts.slice(0, 1), 1)).toEqual([first?.ids])
  })
})
