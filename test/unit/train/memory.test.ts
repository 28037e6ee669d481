import { readFile, rm, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openSafetensors, writeSafetensors } from '../../../core/checkpoint/safetensors.ts'
import type { ErrorPayload } from '../../../core/contract/errors.ts'
import { alternativeSchema } from '../../../core/contract/preflight.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import { startOver, startWorker, threadPort } from '../../../core/worker/handle.ts'
import type { RunEvent, TrainSpec } from '../../../core/worker/protocol.ts'
import { ofKind, seriesOf, tinySpec } from './fixture.ts'

// What TensorFlow says of its allocations when they fail fills pages.
process.env.TF_CPP_MIN_LOG_LEVEL = '3'

interface Ended {
  readonly events: readonly RunEvent[]
  readonly error: ErrorPayload | null
}

/** A run in a thread of its own, as the app has them. */
function runThread(spec: TrainSpec, start: typeof startWorker = startWorker): Promise<Ended> {
  const events: RunEvent[] = []
  return new Promise((resolve) => {
    start(spec, {
      events: (_, group) => events.push(...group),
      predictions: () => {},
      done: () => resolve({ events, error: null }),
      failed: (error) => resolve({ events, error }),
    })
  })
}

async function writeRows(spec: TrainSpec, texts: readonly string[]): Promise<void> {
  const rows = async function* () {
    for (const [i, text] of texts.entries()) yield { line: i + 2, text, label: i % 2 === 0 ? 'spam' : 'ham' }
  }
  await writeRowStore(spec.datasetDir, rows())
}

const [heads, batch, length] = [32, 256, 2048]
/** One batch's attention, in bytes. */
const hugeBytes = heads * batch * length ** 2 * 4

/** The tiny model with room for texts so long that one batch of attention is larger than this machine's memory. */
async function hugeSpec(): Promise<TrainSpec> {
  const sizes = { per_device_train_batch_size: batch, per_device_eval_batch_size: 1 }
  const spec = await tinySpec({ ...sizes, max_length: length, max_steps: 1, engine: 'graph' })
  const file = join(spec.modelDir, 'config.json')
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  await writeFile(file, JSON.stringify({ ...config, num_attention_heads: heads, max_position_embeddings: length }))

  const weights = join(spec.modelDir, 'model.safetensors')
  const small = openSafetensors(weights)
  const tensors = [...small.tensors].map(([name, { shape }]) => ({ name, shape: [...shape], data: small.read(name) }))
  small.close()
  const longer = tensors.map((tensor) =>
    tensor.name.endsWith('position_embeddings.weight')
      ? { ...tensor, shape: [length, 32], data: new Float32Array(length * 32) }
      : tensor,
  )
  await rm(weights)
  await writeSafetensors(weights, longer)
  await writeRows(spec, [
    'win a prize now',
    'the kernel list',
    'you win the prize '.repeat(600),
    'the patch '.repeat(1000),
  ])
  return spec
}

function alternativesOf(error: ErrorPayload | null) {
  return alternativeSchema.array().parse(error?.details?.alternatives)
}

describe('C11: out of memory', () => {
  test('in a tensor: the run says so with advice, and others are as they would have been', {
    timeout: 180_000,
  }, async ({ skip }) => {
    if (hugeBytes < 2 * totalmem()) skip('this machine has too much memory')
    const before = await runThread(await tinySpec({ num_train_epochs: 2 }))
    const [huge, beside] = await Promise.all([
      runThread(await hugeSpec()),
      runThread(await tinySpec({ num_train_epochs: 2 })),
    ])
    expect(huge.error).toMatchObject({
      code: 'out_of_memory',
      message: expect.stringMatching(
        /^The memory was not enough for a step\. It would with per_device_train_batch_size \d+/,
      ),
    })
    expect(alternativesOf(huge.error)).not.toEqual([])
    // Each is a run with far less in a batch than this machine has.
    for (const { peakBytes } of alternativesOf(huge.error)) expect(peakBytes).toBeLessThan(totalmem())
    expect(ofKind(huge.events, 'metrics')).toEqual([])
    const after = await runThread(await tinySpec({ num_train_epochs: 2 }))
    for (const { error, events } of [beside, after]) {
      expect(error).toBeNull()
      expect(seriesOf(events, 'train/loss')).toEqual(seriesOf(before.events, 'train/loss'))
    }
  })

  test('in the heap of the thread: the same, and the process lives', async () => {
    const spec = await tinySpec({ max_steps: 1 })
    const entry = new URL('../../../core/worker/entry.ts', import.meta.url)
    const tight = threadPort(entry, { resourceLimits: { maxOldGenerationSizeMb: 20, maxYoungGenerationSizeMb: 4 } })
    const { error } = await runThread(spec, (given, on) => startOver(tight, given, on))
    expect(error).toMatchObject({ code: 'out_of_memory', message: expect.stringMatching(/or fewer rows/) })
    expect((await runThread(await tinySpec({ max_steps: 1 }))).error).toBeNull()
  })
})
