import type { Examples } from '../data/batches.ts'
import type { RowFiles } from '../data/media/media-file.ts'
import { type Sight, sightOf } from '../data/media/preprocessor.ts'
import { type LabelledSide, labelledSides, unknownLabels } from './labelled-rows.ts'
import { readPictures } from './pictures.ts'
import type { Preparation } from './task.ts'

/** Decoded pictures of one size, with their classes. */
export interface ImageRows extends Examples {
  /** Class ids. */
  readonly labels: Int32Array
  readonly sight: Sight
  /** [pictures, height, width, channels], in memory that threads share. */
  readonly pixels: Uint8Array
}

export const imageRows: Preparation<ImageRows> = {
  async prepare(store, labels, { modelDir, modelConfig }, config, onRow) {
    const sight = await sightOf(modelDir, modelConfig)
    const sides = labelledSides(store, labels, config)
    const total = sides.train.rows.length + sides.validation.rows.length
    let done = 0
    const name = (row: number) => store.read(row).text
    const decode = (side: LabelledSide) => decoded(store, side, sight, name, () => onRow(++done, total))
    return { train: await decode(sides.train), validation: await decode(sides.validation), truncatedShare: 0 }
  },
  async inputs(rows, _labels, { files, modelDir, modelConfig }, _config, onRow) {
    const sight = await sightOf(modelDir, modelConfig)
    return decoded(files, unknownLabels(rows), sight, (row) => rows[row]?.text ?? '', onRow)
  },
}

async function decoded(
  files: RowFiles,
  side: LabelledSide,
  sight: Sight,
  nameOf: (row: number) => string,
  onRow: () => void,
): Promise<ImageRows> {
  const pixels = await readPictures(files, side.rows, sight, nameOf, onRow)
  // To a program, all pictures are alike.
  return { ...side, lengths: new Int32Array(side.rows.length).fill(1), sight, pixels, bytes: pixels.length }
}
