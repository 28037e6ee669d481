import { AttuneError } from '../contract/errors.ts'
import { conversationOf } from '../contract/turns.ts'
import { encodeConversation } from '../data/chat/conversation.ts'
import { readChatTemplate } from '../data/chat/template.ts'
import type { RowStore } from '../data/row-store.ts'
import { type PackedRows, packPieces, type TokenPiece } from './packed-rows.ts'
import { encodeSides, unlabelledSides } from './row-sides.ts'
import type { Preparation, PrepareConfig, PreparedData, Reading } from './task.ts'

/** Conversations as sequences, and what to write the last answer of each from. */
export interface ChatRows extends PackedRows {
  /** Of each row, what stands before its last answer. */
  readonly prompts: readonly Int32Array[]
  /** Tokens that answers end with. */
  readonly endIds: Int32Array
}

export const chatRows: Preparation<ChatRows> = { prepare: prepareChat }

/**
 * Conversations, written out by the model's chat template; what the assistant says is predicted. Those that are longer
 * than max_length lose their end, and those whose answers all lie there are left out of both sides. Throws AttuneError
 * bad_data: too few to hold one out, a row that is no conversation, or no answer left.
 */
function prepareChat(
  store: RowStore,
  _labels: readonly string[],
  { tokenizer, modelDir }: Reading,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
): PreparedData<ChatRows> {
  const sides = unlabelledSides(store, config)
  const reading = { template: readChatTemplate(modelDir), tokenizer }
  return encodeSides(store, sides, onRow, (rows, reader, held) => {
    let truncated = 0
    const pieces: TokenPiece[] = []
    for (const cells of reader) {
      const { row } = cells
      const turns = conversationOf(cells)
      if (typeof turns === 'string') throw new AttuneError('bad_data', `Row ${row} (line ${cells.line}): ${turns}.`)
      const { ids, targets, length } = encodeConversation(turns, reading, config.max_length)
      if (length > ids.length) truncated++
      if (targets.indexOf(1, 1) > 0) pieces.push({ row, ids, targets })
    }
    if (pieces.length === 0) {
      const message = `In none of the ${rows.length} ${held ? 'validation' : 'training'} rows an answer begins within ${config.max_length} tokens. Choose a larger max_length.`
      throw new AttuneError('bad_data', message)
    }
    const ends = pieces.flatMap(({ ids, targets }) => ids[targets?.lastIndexOf(1) ?? -1] ?? [])
    const examples = {
      ...packPieces(
        Int32Array.from(pieces, ({ row }) => row),
        pieces,
        config,
      ),
      prompts: pieces.map(({ ids, targets }) => ids.slice(0, lastAnswer(targets as Uint8Array))),
      endIds: Int32Array.from(new Set(ends.filter((id) => tokenizer.isSpecial(id)))),
    }
    return { examples, truncated }
  })
}

/** Where the last run of ones begins. */
function lastAnswer(targets: Uint8Array): number {
  let start = targets.lastIndexOf(1)
  while (start > 0 && targets[start - 1] === 1) start--
  // A model writes from at least one token.
  return Math.max(1, start)
}
