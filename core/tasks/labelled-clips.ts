import type { Examples } from '../data/batches.ts'
import { hearingOf } from '../data/media/preprocessor.ts'
import { type Clips, clipBytes, readClips } from './clips.ts'
import { type LabelledSide, labelledSides, unknownLabels } from './labelled-rows.ts'
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
    const nameOf = (row: number) => store.read(row).text
    const side = async (name: keyof typeof sides): Promise<LabelledClips> => {
      const reading = { hearing, config, training: name === 'train', nameOf }
      const { clips, cut } = await readClips(store, sides[name].rows, reading, () => onRow(++done, total))
      truncated += cut
      return alike(sides[name], clips)
    }
    return { train: await side('train'), validation: await side('validation'), truncatedShare: truncated / total }
  },
  async inputs(rows, _labels, { files, modelDir, modelConfig }, config, onRow) {
    const side = unknownLabels(rows)
    const nameOf = (row: number) => rows[row]?.text ?? ''
    const reading = { hearing: await hearingOf(modelDir, modelConfig), config, training: false, nameOf }
    return alike(side, (await readClips(files, side.rows, reading, onRow)).clips)
  },
}

/** To a program, all clips are alike. */
function alike(side: LabelledSide, clips: Clips): LabelledClips {
  return { ...side, lengths: new Int32Array(side.rows.length).fill(1), clips, bytes: clipBytes(clips) }
}
