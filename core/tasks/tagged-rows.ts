import { AttuneError } from '../contract/errors.ts'
import { type TokenRows, tokenRows } from '../data/batches.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { encodeWords, wordsOf } from '../data/word-tokens.ts'
import { prepareSides } from './row-sides.ts'
import type { Preparation } from './task.ts'

/** Texts as words with a tag each; the first token of a word carries it. */
export interface TaggedRows extends TokenRows {
  /** Of each sequence: the place of each word's first token, words beyond max_length left out. */
  readonly firsts: readonly Int32Array[]
  /** The tag of each of these words, as a class id. */
  readonly tags: readonly Int32Array[]
  /** Names of the tags. */
  readonly names: readonly string[]
}

export const taggedRows: Preparation<TaggedRows> = {
  prepare(store, labels, { tokenizer }, config, onRow) {
    const idOf = new Map(labels.map((label, id) => [label, id]))
    return prepareSides(store, config, onRow, (rows, reader) => {
      let truncated = 0
      const encoded = Array.from(reader, ({ row, line, text, fields }) => {
        const tags = (fields?.tags ?? '').split(' ').map((tag) => {
          const id = idOf.get(tag)
          if (id !== undefined) return id
          throw new AttuneError(
            'bad_data',
            `Row ${row} (line ${line}) has the tag "${tag}", which the run does not know.`,
          )
        })
        const { ids, firsts, cut } = encodeText(tokenizer, text, config.max_length)
        if (cut) truncated++
        return { ids, firsts, tags: Int32Array.from(tags).subarray(0, firsts.length) }
      })
      return { examples: inColumns(rows, encoded, labels), truncated }
    })
  },
  inputs(texts, labels, { tokenizer }, { max_length }, onRow) {
    const encoded = texts.map(({ text }) => {
      const { ids, firsts } = encodeText(tokenizer, text, max_length)
      onRow()
      return { ids, firsts, tags: new Int32Array(firsts.length) }
    })
    return inColumns(
      Int32Array.from(texts, ({ row }) => row),
      encoded,
      labels,
    )
  },
}

interface Encoded {
  readonly ids: Int32Array
  readonly firsts: Int32Array
  readonly tags: Int32Array
}

function inColumns(rows: Int32Array, encoded: readonly Encoded[], names: readonly string[]): TaggedRows {
  return {
    ...tokenRows(
      rows,
      encoded.map(({ ids }) => ids),
    ),
    firsts: encoded.map(({ firsts }) => firsts),
    tags: encoded.map(({ tags }) => tags),
    names,
  }
}

/** The tokens of a text's words, special ones around them, and where in them each word that is whole begins. */
function encodeText(
  tokenizer: Tokenizer,
  text: string,
  maxLength: number,
): { ids: Int32Array; firsts: Int32Array; cut: boolean } {
  const { before, after } = tokenizer.specials
  const { ids, words } = encodeWords(tokenizer, wordsOf(text), true)
  const room = Math.max(0, maxLength - before.length - after.length)
  // A word of which the tokenizer makes nothing has no token to carry its tag: it takes the one that comes next.
  const firsts: number[] = []
  const count = (words.at(-1) ?? -1) + 1
  for (let word = 0, at = 0; word < count; word++) {
    while (at < words.length && (words[at] as number) < word) at++
    if (at >= room) break
    firsts.push(before.length + at)
  }
  const kept = ids.slice(0, room)
  return {
    ids: Int32Array.from([...before, ...kept, ...after]),
    firsts: Int32Array.from(firsts),
    cut: ids.length > room,
  }
}
