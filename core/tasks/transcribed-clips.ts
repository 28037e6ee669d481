import { hearingOf } from '../data/media/preprocessor.ts'
import { type Clips, clipBytes, readClips } from './clips.ts'
import { unlabelledSides } from './row-sides.ts'
import { endedTokens, writingRules } from './source-target-rows.ts'
import type { TargetRows } from './target-learning.ts'
import type { Preparation } from './task.ts'

/** Clips of speech with what is said in them, as tokens. Programs are chosen by these. */
export interface TranscribedClips extends TargetRows {
  readonly clips: Clips
}

export const transcribedClips: Preparation<TranscribedClips> = {
  /** Throws AttuneError bad_data: too few rows to hold one out; unsupported: a model that does not say how texts begin and end. */
  async prepare(store, _labels, reading, config, onRow) {
    const { tokenizer, modelDir, modelConfig, generationConfig } = reading
    const hearing = await hearingOf(modelDir, modelConfig)
    const split = unlabelledSides(store, config)
    const { suppress_tokens: never } = generationConfig
    const plain = writingRules(reading)
    const rules = { ...plain, bannedIds: [...plain.bannedIds, ...(Array.isArray(never) ? never : [])] }
    const total = split.train.length + split.validation.length
    let done = 0
    let truncated = 0
    const side = (name: keyof typeof split): TranscribedClips => {
      const rows = split[name]
      const { clips, cut } = readClips(store, rows, hearing, config, name === 'train', () => onRow(++done, total))
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
    return { train: side('train'), validation: side('validation'), truncatedShare: truncated / total }
  },
}
