import { hearingOf } from '../data/media/preprocessor.ts'
import { type Clips, clipBytes, readClips } from './clips.ts'
import { unlabelledSides } from './row-sides.ts'
import { endedTokens, unknownTargets, writingRules } from './source-target-rows.ts'
import type { TargetRows } from './target-learning.ts'
import type { WritingRules } from './target-writing.ts'
import type { Preparation, Reading } from './task.ts'

/** Clips of speech with what is said in them, as tokens. Programs are chosen by these. */
export interface TranscribedClips extends TargetRows {
  readonly clips: Clips
}

export const transcribedClips: Preparation<TranscribedClips> = {
  /** Throws AttuneError bad_data: too few rows to hold one out; unsupported: a model that does not say how texts begin and end. */
  async prepare(store, _labels, reading, config, onRow) {
    const { tokenizer, modelDir, modelConfig } = reading
    const hearing = await hearingOf(modelDir, modelConfig)
    const split = unlabelledSides(store, config)
    const rules = rulesOf(reading)
    const total = split.train.length + split.validation.length
    let done = 0
    let truncated = 0
    const nameOf = (row: number) => store.read(row).text
    const side = async (name: keyof typeof split): Promise<TranscribedClips> => {
      const rows = split[name]
      const heard = { hearing, config, training: name === 'train', nameOf }
      const { clips, cut } = await readClips(store, rows, heard, () => onRow(++done, total))
      const references = Array.from(rows, (row) => store.read(row).fields?.target ?? '')
      const targets = references.map((text) => {
        const ended = endedTokens(tokenizer, text, config.max_length, rules)
        if (ended.cut) truncated++
        // Whisper's tokenizer begins each text with the token that the decoder starts from.
        return ended.ids[0] === rules.startId ? ended.ids.slice(1) : ended.ids
      })
      truncated += cut
      const lengths = Int32Array.from(targets, ({ length }) => length)
      return { rows, lengths, clips, targets, references, rules, bytes: clipBytes(clips) }
    }
    return { train: await side('train'), validation: await side('validation'), truncatedShare: truncated / total }
  },
  async inputs(asked, _labels, reading, config, onRow) {
    const { files, modelDir, modelConfig } = reading
    const rows = Int32Array.from(asked, ({ row }) => row)
    const nameOf = (row: number) => asked[row]?.text ?? ''
    const heard = { hearing: await hearingOf(modelDir, modelConfig), config, training: false, nameOf }
    const { clips } = await readClips(files, rows, heard, onRow)
    return {
      clips,
      ...unknownTargets(
        rows,
        rulesOf(reading),
        rows.map(() => config.max_length),
      ),
    }
  },
}

/** How transcripts begin and end, and what never stands in one. */
function rulesOf({ generationConfig }: Pick<Reading, 'generationConfig'>): WritingRules {
  const rules = writingRules({ generationConfig })
  const { suppress_tokens: never } = generationConfig
  return { ...rules, bannedIds: [...rules.bannedIds, ...(Array.isArray(never) ? never : [])] }
}
