import { describe, expect, test } from 'vitest'
import { clipBytes, featuresOf, readClips } from '../../../core/tasks/clips.ts'
import { imageClassification } from '../../../core/tasks/image-classification.ts'
import type { ImageRows } from '../../../core/tasks/image-rows.ts'
import type { PrepareConfig } from '../../../core/tasks/task.ts'
import { toneClip } from '../../support/media.ts'
import { plainConfig } from '../../support/plain-config.ts'

const layout = { buckets: [8], batchSize: 3, padId: 0 }

/** Two pictures of 2 × 3 pixels and 2 channels that count up. */
const pictures: ImageRows = {
  rows: Int32Array.of(4, 9),
  lengths: Int32Array.of(1, 1),
  labels: Int32Array.of(1, 0),
  pixels: Uint8Array.from({ length: 24 }, (_, i) => i),
  sight: {
    ...{ channels: 1, height: 2, width: 6, resize: null, kernel: 'linear' },
    ...{ factor: 1, mean: [0], deviation: [1] },
  },
}

function pixelsOf(settings: object, draw: { seed: number; epoch: number } | null): number[] {
  const { feeds } = imageClassification.batch(
    pictures,
    Int32Array.of(0, 1),
    layout,
    { ...plainConfig, ...settings },
    draw,
  )
  return Array.from(feeds.pixel_values as Float32Array)
}

describe('pictures in a batch', () => {
  const plain = pixelsOf({}, { seed: 1, epoch: 0 })

  test('are scaled, a short batch being filled up with its first', () => {
    expect(plain).toEqual([...Array.from({ length: 24 }, (_, i) => i), ...Array.from({ length: 12 }, (_, i) => i)])
    const { weight, feeds, length } = imageClassification.batch(pictures, Int32Array.of(1), layout, plainConfig, null)
    expect({ weight, length, weights: Array.from(feeds.weights as Float32Array) }).toEqual({
      weight: 1,
      length: 8,
      weights: [1, 0, 0],
    })
    const sight = { ...pictures.sight, factor: 0.5, mean: [1], deviation: [2] }
    const scaled = imageClassification.batch({ ...pictures, sight }, Int32Array.of(0), layout, plainConfig, null)
    expect(Array.from(scaled.feeds.pixel_values?.subarray(0, 3) ?? [])).toEqual([-0.5, -0.25, 0])
  })

  test('are changed by seed, epoch and row alone, and never without a draw', () => {
    const settings = { image_flip: true, image_shift: 1, image_brightness: 0.5 }
    expect(pixelsOf(settings, null)).toEqual(plain)
    const drawn = pixelsOf(settings, { seed: 1, epoch: 0 })
    expect(drawn).toEqual(pixelsOf(settings, { seed: 1, epoch: 0 }))
    const epochs = Array.from({ length: 8 }, (_, epoch) => pixelsOf(settings, { seed: 1, epoch }).join())
    expect(new Set(epochs).size).toBeGreaterThan(5)
    expect(pixelsOf(settings, { seed: 2, epoch: 0 })).not.toEqual(drawn)
  })

  test('are mirrored and moved whole', () => {
    const rows = Array.from({ length: 20 }, (_, epoch) =>
      pixelsOf({ image_flip: true }, { seed: 1, epoch }).slice(0, 6).join(),
    )
    expect(new Set(rows)).toEqual(new Set(['0,1,2,3,4,5', '5,4,3,2,1,0']))
    const moved = Array.from({ length: 30 }, (_, epoch) =>
      pixelsOf({ image_shift: 1 }, { seed: 1, epoch }).slice(0, 12).join(),
    )
    expect(new Set(moved).size).toBe(9)
    expect(moved).toContain('0,0,0,0,0,0,0,0,1,2,3,4')
  })
})

describe('clips', () => {
  const hearing = { rate: 8000, window: 200, hop: 80, mels: 8, frames: 30 }
  const store = { media: (row: number) => toneClip(row, row) }
  const rows = Int32Array.of(0, 2)
  const nameOf = (row: number) => `${row}.wav`
  const read = async (settings: object, training: boolean) => {
    const reading = { hearing, config: settings as PrepareConfig, training, nameOf }
    return (await readClips(store, rows, reading, () => {})).clips
  }
  const features = async (settings: object, training: boolean, epoch: number | null) =>
    featuresOf(
      ...([await read(settings, training), rows, Int32Array.of(0, 1), 2] as const),
      { ...plainConfig, ...settings },
      epoch === null ? null : { seed: 3, epoch },
    )

  test('are kept as pictures where nothing changes them, else as sound', async () => {
    expect((await read({}, true)).sound).toBeNull()
    expect((await read({ audio_noise: 0.5 }, false)).sound).toBeNull()
    const kept = await read({ audio_noise: 0.5 }, true)
    expect([kept.pictures, kept.sound?.length, clipBytes(kept)]).toEqual([null, 3200, 6400])
  })

  test('sound alike either way, to the precision of 16 bits', async () => {
    const [pictured, sounding] = [await features({}, true, null), await features({ audio_gain: 6 }, true, null)]
    expect(Math.max(...pictured.map((value, i) => Math.abs(value - (sounding[i] as number))))).toBeLessThan(1e-3)
  })

  test.each([{ audio_shift: 50 }, { audio_noise: 0.5 }])(
    'are changed by seed, epoch and row alone: %o',
    async (settings) => {
      const first = await features(settings, true, 0)
      expect(await features(settings, true, 0)).toEqual(first)
      expect(await features(settings, true, 1)).not.toEqual(first)
      expect(await features(settings, false, 0)).toEqual(await features({}, true, 0))
    },
  )

  test('longer than the model hears are cut, and said to be', async () => {
    const reading = { hearing: { ...hearing, frames: 10 }, config: {} as PrepareConfig, training: true, nameOf }
    expect((await readClips(store, rows, reading, () => {})).cut).toBe(2)
  })
})
