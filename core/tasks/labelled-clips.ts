import type { Examples } from '../data/batches.ts'
import { hearingOf } from '../data/media/preprocessor.ts'
import { type Clips, clipBytes, readClips } from './clips.ts'
import { labelledSides } from './labelled-rows.ts'
import type { Preparation } from './task.ts'

/** Clips with their classes. */
export interface LabelledClips extends Examples {
  /** Class ids. */
  readonly labels: Int32Array
  readonly clips: Clips
}

export const labelledClips: Preparation<LabelledClips> = {
  async prepare(store, labels, { modelDir, modelConfig }, config, onRow) {
    const hearing = await hearingOf(modelDir, modelConfig)
    const sides = labelledSides(store, labels, config)
    const total = sides.train.rows.length + sides.validation.rows.length
    let done = 0
    let truncated = 0
    const side = (name: keyof typeof sides): LabelledClips => {
      const { rows } = sides[name]
      const { clips, cut } = readClips(store, rows, hearing, config, name === 'train', () => onRow(++done, total))
      truncated += cut
      // To a program, all clips are alike.
      return { ...sides[name], lengths: new Int32Array(rows.length).fill(1), clips, bytes: clipBytes(clips) }
    }
    return { train: side('train'), validation: side('validation'), truncatedShare: truncated / total }
  },
}
