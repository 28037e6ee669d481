import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { runConfigSchema } from '../../core/contract/settings.ts'
import type { Session } from '../../core/engine/engine.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { openEngine } from '../../core/engine/open.ts'
import { type WritingState, writeTargets, writingCache } from '../../core/tasks/target-writing.ts'
import { loadModel } from '../../core/train/load-model.ts'
import { ownProgram, sessionSpec } from '../../core/train/programs.ts'
import { trainableOf } from '../../core/train/trainable.ts'
import { fillVariables } from '../../core/train/weights.ts'
import { largestDifference } from '../support/engines.ts'
import { familyFolder, familyNames } from './family-reference.ts'
import { type EngineKind, numbers } from './reference.ts'
import { reportDifference } from './report.ts'

/** Writing with encoder–decoders, token for token as transformers: make-encoder-decoders.py made the numbers. */

const tableSchema = z.object({
  sources: z.array(numbers),
  startId: z.number(),
  endId: z.number(),
  forcedEndId: z.number().nullable(),
  maxNewTokens: z.number(),
  greedy: z.array(numbers),
  beams: z.array(numbers),
  firstLogits: z.array(numbers),
})
type Table = z.infer<typeof tableSchema>

const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']
const fileOf = (name: string) => join(familyFolder(name), 'writing.json')
const names = familyNames.filter((name) => existsSync(fileOf(name)))
const everywhere = names.flatMap((name) => engines.map((engine) => [name, engine] as const))
const length = 64

/** A session with nothing but what writes, and the sources as its feeds. */
async function withWriter<T>(
  name: string,
  engine: EngineKind,
  beams: number,
  work: (state: WritingState, feeds: Record<string, Int32Array>, table: Table, session: Session) => T,
): Promise<T> {
  const table = tableSchema.parse(JSON.parse(readFileSync(fileOf(name), 'utf8')))
  const count = table.sources.length
  const config = runConfigSchema.parse({
    model: 'golden',
    dataset: 'golden',
    task: 'text2text-generation',
    learning_rate: 1,
    max_length: length,
    max_target_length: table.maxNewTokens,
    generation_num_beams: beams,
    per_device_eval_batch_size: count * beams,
  })
  const model = await loadModel(familyFolder(name), config.task, 0, { maxLength: length })
  const trainable = trainableOf(model, config)
  const session = await (await openEngine(engine, 2)).open(
    sessionSpec(model, trainable, config, { train: [], evaluate: [length] }),
  )
  try {
    await fillVariables(session, model, trainable, 0, { log: () => {} })
    const { startId, endId, forcedEndId, maxNewTokens } = table
    const layout = { examples: count, beams, maxTokens: maxNewTokens }
    const state: WritingState = {
      ...layout,
      own: (program, feeds) => session.run(ownProgram(program), feeds),
      cache: writingCache(model, layout),
      length,
      rules: { startId, endIds: [endId], forcedEndId, bannedIds: [] },
    }
    const feeds = { input_ids: new Int32Array(count * length), attention_mask: new Int32Array(count * length) }
    table.sources.forEach((ids, row) => {
      feeds.input_ids.set(ids, row * length)
      feeds.attention_mask.fill(1, row * length, row * length + ids.length)
    })
    return work(state, feeds, table, session)
  } finally {
    session.close()
  }
}

const unended = (rows: readonly number[][], endId: number) => rows.map((row) => row.filter((id) => id !== endId))

test('there are models that write', () => {
  expect(names.length).toBeGreaterThanOrEqual(4)
})

describe.each(everywhere)('%s on the %s engine', (name, engine) => {
  test('writes the 64 likeliest tokens of transformers, again and again', async () => {
    await withWriter(name, engine, 1, (state, feeds, { greedy, endId, sources }) => {
      const expected = unended(greedy, endId)
      expect(writeTargets(state, feeds, sources.length)).toEqual(expected)
      expect(writeTargets(state, feeds, 2)).toEqual(expected.slice(0, 2))
    })
  })

  test('finds the texts of beam search with three beams', async () => {
    await withWriter(name, engine, 3, (state, feeds, { beams, endId, sources }) => {
      expect(writeTargets(state, feeds, sources.length)).toEqual(unended(beams, endId))
    })
  })

  test('has the logits of a whole pass after one step', async () => {
    await withWriter(name, engine, 1, (state, feeds, { firstLogits, startId, sources }) => {
      state.own(`read/${length}`, feeds)
      const rows = Int32Array.from({ length: state.cache.batch * state.cache.heads }, (_, i) => i * state.maxTokens)
      const { logits } = state.own(`write/${length}`, {
        input_ids: new Int32Array(sources.length).fill(startId),
        positions: new Int32Array(sources.length),
        rows,
      })
      const difference = largestDifference(logits ?? [], firstLogits.flat())
      reportDifference(name, `logits of the first token written, ${engine}`, difference)
      expect(difference).toBeLessThan(1e-4)
    })
  })
})
