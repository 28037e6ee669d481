import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { largestDifference } from '../support/engines.ts'
import { familyFolder, familyNames, familyTable } from './family-reference.ts'
import { type EngineKind, numbers } from './reference.ts'
import { reportDifference } from './report.ts'
import { openWriter, type Writer } from './writer.ts'

/** Writing with encoder–decoders, token for token as transformers: make-encoder-decoders.py and make-media.py made the numbers. */

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

async function withWriter<T>(
  name: string,
  engine: EngineKind,
  beams: number,
  work: (writer: Writer, table: Table) => T,
): Promise<T> {
  const table = tableSchema.parse(JSON.parse(readFileSync(fileOf(name), 'utf8')))
  const { startId, endId, forcedEndId, maxNewTokens: maxTokens, sources } = table
  const rules = { startId, endIds: [endId], forcedEndId, bannedIds: [] }
  const hears = familyTable(name).task === 'automatic-speech-recognition'
  const task = hears ? 'automatic-speech-recognition' : 'text2text-generation'
  const layout = { engine, task, length: 64, maxTokens, examples: sources.length, beams, rules } as const
  const writer = await openWriter(familyFolder(name), layout)
  try {
    return work(writer, table)
  } finally {
    writer.close()
  }
}

const unended = (rows: readonly number[][], endId: number) => rows.map((row) => row.filter((id) => id !== endId))

test('there are models that write', () => {
  expect(names.length).toBeGreaterThanOrEqual(6)
})

describe.each(everywhere)('%s on the %s engine', (name, engine) => {
  test('writes the likeliest tokens of transformers, again and again, from the logits of a whole pass', async () => {
    await withWriter(name, engine, 1, ({ state, feeds, write }, { greedy, endId, sources, firstLogits, startId }) => {
      const expected = unended(greedy, endId)
      expect(write(sources)).toEqual(expected)
      expect(write(sources.slice(0, 2))).toEqual(expected.slice(0, 2))

      state.own(`read/${state.length}`, feeds(sources))
      const rows = Int32Array.from({ length: state.cache.batch * state.cache.heads }, (_, i) => i * state.maxTokens)
      const { logits } = state.own(`write/${state.length}`, {
        input_ids: new Int32Array(sources.length).fill(startId),
        positions: new Int32Array(sources.length),
        rows,
      })
      const difference = largestDifference(logits ?? [], firstLogits.flat())
      reportDifference(name, `logits of the first token written, ${engine}`, difference)
      expect(difference).toBeLessThan(1e-4)
    })
  })

  test('finds the texts of beam search with three beams', async () => {
    await withWriter(name, engine, 3, ({ write }, { beams, endId, sources }) => {
      expect(write(sources)).toEqual(unended(beams, endId))
    })
  })
})
