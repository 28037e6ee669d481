import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generationOptionsSchema } from '../../../core/contract/generation.ts'
import { openEngine } from '../../../core/engine/open.ts'
import type { NewToken } from '../../../core/generate/generator.ts'
import { openGenerator } from '../../../core/generate/open.ts'
import { writeRandomModel } from '../../bench/random-model.ts'
import { gptShapes } from '../../bench/shapes.ts'
import { temporaryFolder } from '../../support/temporary.ts'

test('the model that the benchmark writes is the same each time and generates to the end', async () => {
  const dirs = [await temporaryFolder(), await temporaryFolder()] as const
  for (const dir of dirs) await writeRandomModel(dir, gptShapes.s.config)
  const [one, other] = dirs.map((dir) => readFileSync(join(dir, 'model.safetensors')))
  expect(one?.equals(other as Buffer)).toBe(true)

  const engine = await openEngine('auto', 1)
  const spec = { modelDir: dirs[0], adapterDir: null, batch: 1, precision: 'fp32', maxPositions: 16 } as const
  const generator = await openGenerator(engine, spec)
  try {
    const told: NewToken[] = []
    const options = generationOptionsSchema.parse({ max_new_tokens: 6 })
    for await (const token of generator.generate([[1, 2, 3]], options)) told.push(token)
    expect(told.at(-1)).toEqual({ row: 0, finish: 'max_new_tokens' })
    expect(told).toHaveLength(7)
  } finally {
    generator.close()
  }
})
