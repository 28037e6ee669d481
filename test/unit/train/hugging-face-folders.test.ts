import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inspectModelFolder } from '../../../core/checkpoint/model-folder.ts'
import { writeSafetensors } from '../../../core/checkpoint/safetensors.ts'
import { openWeights } from '../../../core/checkpoint/weights.ts'
import { AttuneError } from '../../../core/contract/errors.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { familyFolder, firstEvaluation, openFamily } from '../../golden/family-reference.ts'
import { temporaryFolder } from '../../support/temporary.ts'
import { fileBytes } from '../checkpoint/safetensors-files.ts'
import { ofKind, seriesOf, tinySpec, trainTiny } from './fixture.ts'

/** Folders as they come from elsewhere: in shards, in fewer bits, with tensors too many or too few. */

type Stored = 'F32' | 'F16' | 'BF16'

/** float32 in so many bits, to the nearest even; values here are far from the ends of float16's range. */
function encoded(values: Float32Array, dtype: Stored): Buffer {
  if (dtype === 'F32') return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  if (dtype === 'F16') return Buffer.from(Float16Array.from(values).buffer)
  const words = new Uint32Array(values.slice().buffer)
  return Buffer.from(Uint16Array.from(words, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16).buffer)
}

interface Change {
  dtype?: Stored
  shards?: number
  /** Left out. */
  without?: readonly string[]
  /** More, each a single number. */
  more?: readonly string[]
}

/** Writes the folder's weights anew. */
async function rewrite(
  { modelDir }: Pick<TrainSpec, 'modelDir'>,
  { dtype = 'F32', shards = 1, without = [], more = [] }: Change,
) {
  const weights = await openWeights(modelDir)
  const kept = weights.names().filter((name) => !without.includes(name))
  const tensors = kept.map((name) => ({ name, shape: weights.shape(name), data: encoded(weights.read(name), dtype) }))
  weights.close()
  for (const name of more) tensors.push({ name, shape: [1], data: encoded(Float32Array.of(1), dtype) })
  await rm(join(modelDir, 'model.safetensors'))
  const map: Record<string, string> = {}
  for (let shard = 0; shard < shards; shard++) {
    const file = shards === 1 ? 'model.safetensors' : `model-0000${shard + 1}-of-0000${shards}.safetensors`
    const header: Record<string, unknown> = {}
    let end = 0
    const inside = tensors.filter((_, i) => i % shards === shard)
    for (const { name, shape, data } of inside) {
      header[name] = { dtype, shape, data_offsets: [end, end + data.length] }
      end += data.length
      map[name] = file
    }
    await writeFile(join(modelDir, file), fileBytes(header, Buffer.concat(inside.map(({ data }) => data))))
  }
  if (shards > 1) await writeFile(join(modelDir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
}

const settings = { max_steps: 2, learning_rate: 1e-6 }

describe('a folder from elsewhere', () => {
  test.each([
    ['F32', 1e-6],
    ['F16', 1e-3],
    ['BF16', 1e-2],
  ] as const)('in shards of %s is trained from as the whole is', async (dtype, tolerance) => {
    const plain = await trainTiny(await tinySpec(settings))
    const spec = await tinySpec(settings)
    await rewrite(spec, { dtype, shards: 3 })
    expect((await inspectModelFolder(spec.modelDir)).parameters).toBe(
      (await inspectModelFolder((await tinySpec()).modelDir)).parameters,
    )
    const sharded = await trainTiny(spec)
    expect(sharded.thrown).toBeNull()
    const loss = (events: typeof plain.events) => seriesOf(events, 'train/loss')[0]?.value as number
    expect(Math.abs(loss(sharded.events) - loss(plain.events))).toBeLessThan(tolerance)
  })

  test('that lacks tensors is refused with all their names', async () => {
    const spec = await tinySpec(settings)
    const weights = await openWeights(spec.modelDir)
    const without = weights.names().filter((name) => name.includes('layer.0.'))
    weights.close()
    await rewrite(spec, { without })
    const { thrown } = await trainTiny(spec)
    if (!(thrown instanceof AttuneError)) throw new Error(String(thrown))
    expect(thrown.code).toBe('bad_file')
    expect(without.length).toBeGreaterThan(10)
    expect(thrown.message).toContain(`and ${without.length - 10} more`)
    const missing = (thrown.details?.missing ?? []) as string[]
    expect(missing.map((name) => name.replace(/^bert\./, '')).sort()).toEqual(
      without.map((name) => name.replace(/^bert\./, '')).sort(),
    )
  })

  test('that has others is trained, and they are named', async () => {
    const spec = await tinySpec(settings)
    await rewrite(spec, { more: ['cls.predictions.bias', 'vision.proj'] })
    const { events, thrown } = await trainTiny(spec)
    expect(thrown).toBeNull()
    const told = ofKind(events, 'log').map(({ text }) => text)
    expect(told).toContain(
      'Tensors of the checkpoint that are no part of this model: "cls.predictions.bias", "vision.proj".',
    )
  })
  test('of a T5 whose head is left out, as it is its embedding still, is read so, and that is told', async () => {
    const family = 't5-gated'
    const folders = await Promise.all([temporaryFolder(), temporaryFolder()])
    for (const modelDir of folders) await cp(familyFolder(family), modelDir, { recursive: true })
    const [short, whole] = folders
    await rewrite({ modelDir: short }, { without: ['lm_head.weight'] })
    const weights = await openWeights(whole)
    const tensors = weights.names().map((name) => {
      const data = weights.read(name === 'lm_head.weight' ? 'shared.weight' : name)
      return { name, shape: weights.shape(name), data }
    })
    weights.close()
    await writeSafetensors(join(whole, 'model.safetensors'), tensors)
    const [left, given] = await Promise.all(
      folders.map(async (folder) => {
        const subject = await openFamily(family, 'full', 'eager', { folder })
        const told = { evaluation: firstEvaluation(subject), log: subject.told }
        subject.session.close()
        return told
      }),
    )
    expect(left?.evaluation).toEqual(given?.evaluation)
    expect(left?.log).toEqual(['Not in the checkpoint: lm_head.weight (begins as shared.weight).'])
    expect(given?.log).toEqual([])
  })
})
