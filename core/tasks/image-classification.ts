import type * as tf from '@tensorflow/tfjs-core'
import { filled } from '../data/batches.ts'
import type { Sight } from '../data/media/preprocessor.ts'
import type { ClassifierHead, ImageBatch, ImageClassifierHead } from '../models/architecture.ts'
import { hash32, uniform } from '../util/random.ts'
import { classifying } from './classifying.ts'
import type { ImageRows } from './image-rows.ts'
import type { BatchConfig, Draw } from './task.ts'

/**
 * Image classification: a row is a picture and a label. Pictures are kept as bytes and scaled as the model wants them when
 * a batch is made; while training they may be turned round, moved and made lighter or darker, by draws of the row and
 * the epoch alone.
 */
export const { task: imageClassification, onFeatures: imageClassificationOnFeatures } = classifying<
  ImageRows,
  ImageBatch
>({
  name: 'image-classification',
  headOf: ({ heads }) => heads.imageClassifier as ClassifierHead<unknown, ImageBatch> | undefined,
  inputSpecs(batchSize, { head, config }) {
    const { channels, height, width } = (head as ImageClassifierHead<unknown>).sees(config)
    return { pixel_values: { shape: [batchSize, channels, height, width], dtype: 'float32' } }
  },
  input: (feeds) => ({ pixels: feeds.pixel_values as tf.Tensor }),
  inputs({ rows, sight, pixels }, positions, batchSize, config, draw) {
    const size = sight.channels * sight.height * sight.width
    const values = new Float32Array(batchSize * size)
    const scales = scalesOf(sight)
    for (let i = 0; i < batchSize; i++) {
      const position = filled(positions, i)
      const picture = pixels.subarray(position * size, (position + 1) * size)
      const view = viewOf(config, draw, rows[position] as number)
      scale(picture, sight, scales, view, values.subarray(i * size, (i + 1) * size))
    }
    return { pixel_values: values }
  },
})

/** What a picture is seen like. */
interface View {
  readonly mirrored: boolean
  /** Pixels to the right and down. */
  readonly right: number
  readonly down: number
  /** Of every byte, before it is scaled. */
  readonly light: number
}

const asItIs: View = { mirrored: false, right: 0, down: 0, light: 1 }
/** Stream of the generator, and the draws in it. */
const viewStream = 31

function viewOf(config: BatchConfig, draw: Draw | null, row: number): View {
  if (draw === null) return asItIs
  const key = hash32(draw.seed, viewStream, draw.epoch, row)
  const { image_flip: flips = false, image_shift: most = 0, image_brightness: change = 0 } = config
  const moved = (word: number) => Math.floor(uniform(key, word) * (2 * most + 1)) - most
  return {
    mirrored: flips && uniform(key, 0) < 0.5,
    right: moved(1),
    down: moved(2),
    light: 1 + change * (2 * uniform(key, 3) - 1),
  }
}

/** By channel, what each byte becomes. */
function scalesOf({ channels, factor, mean, deviation }: Sight): readonly Float32Array[] {
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte * factor - (mean[c] as number)) / (deviation[c] as number)),
  )
}

/** bytes [height, width, channels] → values [channels, height, width]; what moves in from outside is black. */
function scale(
  picture: Uint8Array,
  { channels, height, width }: Sight,
  scales: readonly Float32Array[],
  { mirrored, right, down, light }: View,
  values: Float32Array,
): void {
  for (let c = 0, at = 0; c < channels; c++) {
    const table = scales[c] as Float32Array
    for (let y = 0; y < height; y++) {
      const fromY = y - down
      for (let x = 0; x < width; x++, at++) {
        const seen = x - right
        const fromX = mirrored ? width - 1 - seen : seen
        const inside = fromY >= 0 && fromY < height && seen >= 0 && seen < width
        const byte = inside ? (picture[(fromY * width + fromX) * channels + c] as number) : 0
        values[at] = table[light === 1 ? byte : Math.max(0, Math.min(255, Math.round(byte * light)))] as number
      }
    }
  }
}
