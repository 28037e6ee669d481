import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { type TokenRows, tokenRows } from '../data/batches.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { encodeEach, prepareSides } from './row-sides.ts'
import type { InputReading, Preparation, PrepareConfig } from './task.ts'

/** Texts, in pieces that fit, some of whose tokens are to be hidden. */
export interface MaskedRows extends TokenRows {
  /** Of each sequence: the place of its text in `rows`, and which piece of it it is. */
  readonly owners: Int32Array
  readonly pieces: Int32Array
  /** Special tokens before and after a piece, which are never hidden. */
  readonly around: readonly [number, number]
  readonly maskId: number
  /** Ids that may stand in a hidden token's place. */
  readonly ordinary: Int32Array
  /** How each id reads; only where answers are told. */
  readonly vocabulary: readonly string[]
  /** Of each sequence, the tokens that are hidden in it already and are to be guessed; null: they are drawn. */
  readonly hidden: readonly Int32Array[] | null
}

export const maskedRows: Preparation<MaskedRows> = {
  prepare(store, _labels, { tokens, tokenizer }, config, onRow) {
    const facts = factsOf(tokenizer)
    return prepareSides(store, config, onRow, (rows, reader, validation) => {
      const encoded = Array.from(reader, ({ row }) => tokens.encode(row, Number.MAX_SAFE_INTEGER).ids)
      const examples = inPieces(rows, encoded, facts, validation ? vocabularyOf(tokenizer) : [], config)
      if (examples.ids.length > 0) return { examples, truncated: 0 }
      const side = validation ? 'validation' : 'training'
      throw new AttuneError('bad_data', `None of the ${rows.length} ${side} texts has a token to hide.`)
    })
  },
  longest: (row, { tokens }, { max_length }) =>
    Math.min(max_length, tokens.encode(row, Number.MAX_SAFE_INTEGER).ids.length),
  inputs: asAsked,
}

type Facts = Pick<MaskedRows, 'around' | 'maskId' | 'ordinary'> & Pick<Tokenizer, 'specials'>

/** Throws AttuneError unsupported: a tokenizer without a token that hides words. */
function factsOf({ maskId, specials, padId, eosId, vocabSize }: Tokenizer): Facts {
  if (maskId === null) {
    const message = 'This model’s tokenizer has no token that hides a word ([MASK], <mask>): choose another model.'
    throw new AttuneError('unsupported', message)
  }
  const { before, between, after } = specials
  const special = new Set([maskId, padId, eosId, ...before, ...between, ...after])
  const ordinary = Int32Array.from({ length: vocabSize }, (_, id) => id).filter((id) => !special.has(id))
  return { around: [before.length, after.length], maskId, ordinary, specials }
}

function vocabularyOf(tokenizer: Tokenizer): string[] {
  return tokenizer.tokens(Int32Array.from({ length: tokenizer.vocabSize }, (_, id) => id))
}

/** Each text's tokens without the special ones, cut where they no longer fit, each piece with the special ones again. */
function inPieces(
  rows: Int32Array,
  encoded: readonly Int32Array[],
  { specials, ...facts }: Facts,
  vocabulary: readonly string[],
  { max_length }: Pick<PrepareConfig, 'max_length'>,
): MaskedRows {
  const { before, after } = specials
  const room = Math.max(1, max_length - before.length - after.length)
  const [ids, owners, pieces]: [Int32Array[], number[], number[]] = [[], [], []]
  for (const [owner, whole] of encoded.entries()) {
    const text = whole.subarray(before.length, whole.length - after.length)
    for (let start = 0; start < text.length; start += room) {
      ids.push(Int32Array.from([...before, ...text.subarray(start, start + room), ...after]))
      owners.push(owner)
      pieces.push(start / room)
    }
  }
  return {
    ...tokenRows(rows, ids),
    owners: Int32Array.from(owners),
    pieces: Int32Array.from(pieces),
    ...facts,
    vocabulary,
    hidden: null,
  }
}

/**
 * Texts that a person has hidden words of, with the tokenizer's own token for it. A sequence has room for so many guesses
 * only (mlm_probability), so that one with more comes several times.
 */
function asAsked(
  texts: readonly DatasetRow[],
  _labels: readonly string[],
  { tokenizer }: InputReading,
  config: PrepareConfig,
  onRow: () => void,
): MaskedRows {
  const facts = factsOf(tokenizer)
  const rows = Int32Array.from(texts, ({ row }) => row)
  const encoded = encodeEach(texts, ({ text }) => tokenizer.encode(text, Number.MAX_SAFE_INTEGER), onRow)
  const whole = inPieces(rows, encoded, facts, vocabularyOf(tokenizer), config)
  const parts = whole.ids.flatMap((ids, i) => {
    const places = Array.from(ids.keys()).filter((place) => ids[place] === facts.maskId)
    const most = slotsOf(ids.length, config.mlm_probability)
    return Array.from({ length: Math.ceil(places.length / most) }, (_, part) => ({
      i,
      places: Int32Array.from(places.slice(part * most, (part + 1) * most)),
    }))
  })
  const of = (column: Int32Array) => Int32Array.from(parts, ({ i }) => column[i] as number)
  return {
    ...whole,
    ids: parts.map(({ i }) => whole.ids[i] as Int32Array),
    lengths: of(whole.lengths),
    owners: of(whole.owners),
    pieces: of(whole.pieces),
    hidden: parts.map(({ places }) => places),
  }
}

/** Tokens of a row of this many that are hidden at most: a program has room for so many guesses a row. */
export function slotsOf(length: number, probability: number): number {
  return Math.max(1, Math.round(length * probability))
}
