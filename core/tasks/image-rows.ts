import type { Examples } from '../data/batches.ts'
import { readPicture } from '../data/media/image.ts'
import { type Sight, sightOf } from '../data/media/preprocessor.ts'
import { labelledSides } from './labelled-rows.ts'
import type { Preparation } from './task.ts'

/** Decoded pictures of one size, with their classes. */
export interface ImageRows extends Examples {
  /** Class ids. */
  readonly labels: Int32Array
  readonly sight: Sight
  /** [pictures, height, width, channels], in memory that threads share. */
  readonly pixels: Uint8Array
}

/** Pictures that are decoded side by side. */
const together = 16

export const imageRows: Preparation<ImageRows> = {
  async prepare(store, labels, { modelDir, modelConfig }, config, onRow) {
    const sight = await sightOf(modelDir, modelConfig)
    const sides = labelledSides(store, labels, config)
    const total = sides.train.rows.length + sides.validation.rows.length
    const size = sight.height * sight.width * sight.channels
    let done = 0
    const decode = async (side: (typeof sides)['train']): Promise<ImageRows> => {
      const pixels = new Uint8Array(new SharedArrayBuffer(size * side.rows.length))
      for (let from = 0; from < side.rows.length; from += together) {
        const rows = Array.from(side.rows.subarray(from, from + together))
        const pictures = rows.map((row) => readPicture(store.media(row), sight, store.read(row).text))
        for (const [i, picture] of (await Promise.all(pictures)).entries()) {
          pixels.set(picture, (from + i) * size)
          onRow(++done, total)
        }
      }
      // To a program, all pictures are alike.
      return { ...side, lengths: new Int32Array(side.rows.length).fill(1), sight, pixels, bytes: pixels.length }
    }
    return { train: await decode(sides.train), validation: await decode(sides.validation), truncatedShare: 0 }
  },
}
