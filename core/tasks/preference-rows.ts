import { AttuneError } from '../contract/errors.ts'
import { preferenceOf, type Turn } from '../contract/turns.ts'
import type { Examples } from '../data/batches.ts'
import { type EncodedConversation, encodeConversation } from '../data/chat/conversation.ts'
import { readChatTemplate } from '../data/chat/template.ts'
import type { RowStore } from '../data/row-store.ts'
import { encodeSides, unlabelledSides } from './row-sides.ts'
import type { Preparation, PrepareConfig, PreparedData, Reading } from './task.ts'

/** Answers of one kind, each behind its prompt: tokens of each row, and which of them (1) are the answer's. */
interface Answers {
  readonly ids: readonly Int32Array[]
  readonly targets: readonly Uint8Array[]
}

/** Pairs of answers; a pair is as long as the longer one. */
export interface PairRows extends Examples {
  readonly chosen: Answers
  readonly rejected: Answers
}

export const preferenceRows: Preparation<PairRows> = { prepare: preparePreference }

/**
 * Preferences, written out by the model's chat template. What is longer than max_length loses its end, and pairs of which
 * an answer lies there as a whole are left out of both sides. Throws AttuneError bad_data as prepareChat.
 */
function preparePreference(
  store: RowStore,
  _labels: readonly string[],
  { tokenizer, modelDir }: Reading,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
): PreparedData<PairRows> {
  const sides = unlabelledSides(store, config)
  const reading = { template: readChatTemplate(modelDir), tokenizer }
  return encodeSides(store, sides, onRow, (rows, reader, held) => {
    let truncated = 0
    const pairs: { row: number; chosen: EncodedConversation; rejected: EncodedConversation }[] = []
    for (const cells of reader) {
      const { row } = cells
      const preference = preferenceOf(cells)
      if (typeof preference === 'string') {
        throw new AttuneError('bad_data', `Row ${row} (line ${cells.line}): ${preference}.`)
      }
      const { prompt } = preference
      const tokens = (answer: readonly Turn[]) =>
        encodeConversation([...prompt, ...answer], reading, config.max_length, prompt.length)
      const pair = { row, chosen: tokens(preference.chosen), rejected: tokens(preference.rejected) }
      const both = [pair.chosen, pair.rejected]
      if (both.some(({ ids, length }) => length > ids.length)) truncated++
      if (both.every(({ targets }) => targets.indexOf(1, 1) > 0)) pairs.push(pair)
    }
    if (pairs.length === 0) {
      const message = `In none of the ${rows.length} ${held ? 'validation' : 'training'} rows both answers begin within ${config.max_length} tokens. Choose a larger max_length.`
      throw new AttuneError('bad_data', message)
    }
    const answers = (which: 'chosen' | 'rejected'): Answers => ({
      ids: pairs.map((pair) => pair[which].ids),
      targets: pairs.map((pair) => pair[which].targets),
    })
    const examples = {
      rows: Int32Array.from(pairs, ({ row }) => row),
      lengths: Int32Array.from(pairs, ({ chosen, rejected }) => Math.max(chosen.ids.length, rejected.ids.length)),
      chosen: answers('chosen'),
      rejected: answers('rejected'),
    }
    return { examples, truncated }
  })
}
