import { AttuneError } from '../contract/errors.ts'
import { type TokenRows, tokenRows } from '../data/batches.ts'
import { packSequences } from '../data/packing.ts'
import type { RowStore } from '../data/row-store.ts'
import type { RowTokens } from '../data/row-tokens.ts'
import { splitRows, thinRows } from '../data/split.ts'
import type { Preparation, PrepareConfig, PreparedData, Reading } from './task.ts'

/** A text, or a piece of a long one, in a sequence. */
export interface Piece {
  /** Row of the dataset. */
  readonly row: number
  readonly length: number
}

/** Sequences of one or several pieces; of each piece, every token but the first is predicted. */
export interface PackedRows extends TokenRows {
  /** The pieces of each sequence, in order. */
  readonly pieces: readonly (readonly Piece[])[]
}

/** Streams of the generator that thins the two sides: see labelled-rows.ts. */
const trainStream = 11
const validationStream = 12

export const packedRows: Preparation<PackedRows> = {
  prepare: preparePacked,
  // As a whole, and cut into pieces afterwards.
  longest: (row, { tokens }, { max_length }) =>
    Math.min(max_length, tokens.encode(row, Number.MAX_SAFE_INTEGER).ids.length),
}

/** Throws AttuneError bad_data: too few texts to hold one out, or nothing in them to predict. */
function preparePacked(
  store: RowStore,
  _labels: readonly string[],
  { tokens }: Pick<Reading, 'tokens'>,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
): PreparedData<PackedRows> {
  const split = splitRows(new Int32Array(store.count), config.validation_split, config.split_seed)
  if (split.train.length === 0 || split.validation.length === 0) {
    throw new AttuneError('bad_data', `The dataset has too few texts to split (${store.count}): two are needed.`)
  }
  const train = thinRows(split.train, config.max_train_samples, config.split_seed, trainStream)
  const validation = thinRows(split.validation, config.max_eval_samples, config.split_seed, validationStream)
  const total = train.length + validation.length
  let done = 0
  const encode = (rows: Int32Array, side: string): PackedRows => {
    const pieces = Array.from(rows).flatMap((row) => {
      const cut = piecesOf(row, tokens, config.max_length)
      onRow(++done, total)
      return cut.map((ids) => ({ row, ids }))
    })
    if (pieces.length === 0) {
      const message = `None of the ${rows.length} ${side} texts has two tokens: there is nothing to predict.`
      throw new AttuneError('bad_data', message)
    }
    return inRows(rows, pieces, config)
  }
  return { train: encode(train, 'training'), validation: encode(validation, 'validation'), truncatedShare: 0 }
}

/** A text's tokens and the token that ends texts, cut into pieces of at most `maxLength`; those of one token are dropped. */
function piecesOf(row: number, tokens: RowTokens, maxLength: number): Int32Array[] {
  const { ids } = tokens.encode(row, Number.MAX_SAFE_INTEGER)
  const ends = tokens.eosId === null || ids.at(-1) === tokens.eosId
  const whole = new Int32Array(ids.length + (ends ? 0 : 1))
  whole.set(ids)
  if (!ends) whole[ids.length] = tokens.eosId as number
  const pieces: Int32Array[] = []
  // A piece begins with the last token of the one before: no token goes unpredicted.
  for (let start = 0; start + 1 < whole.length; start += maxLength - 1)
    pieces.push(whole.slice(start, start + maxLength))
  return pieces
}

function inRows(
  rows: Int32Array,
  pieces: readonly { row: number; ids: Int32Array }[],
  { packing, max_length: capacity }: PrepareConfig,
): PackedRows {
  const lengths = pieces.map(({ ids }) => ids.length)
  const packed = packing ? packSequences(lengths, capacity) : pieces.map((_, i) => ({ members: [i] }))
  const members = packed.map((sequence) => sequence.members.map((i) => pieces[i] as (typeof pieces)[number]))
  const ids = members.map((inside) => Int32Array.from(inside.flatMap(({ ids }) => Array.from(ids))))
  return {
    ...tokenRows(rows, ids),
    pieces: members.map((inside) => inside.map(({ row, ids }) => ({ row, length: ids.length }))),
  }
}
