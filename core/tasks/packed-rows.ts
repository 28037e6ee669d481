import { AttuneError } from '../contract/errors.ts'
import { type TokenRows, tokenRows } from '../data/batches.ts'
import { packSequences } from '../data/packing.ts'
import type { RowStore } from '../data/row-store.ts'
import type { RowTokens } from '../data/row-tokens.ts'
import { unlabelledSides } from './row-sides.ts'
import type { Preparation, PrepareConfig, PreparedData, Reading } from './task.ts'

/** A text, or a piece of a long one, in a sequence. */
export interface Piece {
  /** Row of the dataset. */
  readonly row: number
  readonly length: number
  /** 1 for a token that is to be predicted, which the first one never is; absent: all others are. */
  readonly targets?: Uint8Array
}

/** Whether a token of a piece is predicted. */
export function isTarget({ targets }: Piece, token: number): boolean {
  return token > 0 && (targets === undefined || targets[token] === 1)
}

/** Sequences of one or several pieces, each of which begins with a token that is not predicted. */
export interface PackedRows extends TokenRows {
  /** The pieces of each sequence, in order. */
  readonly pieces: readonly (readonly Piece[])[]
}

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
  const { train, validation } = unlabelledSides(store, config, 'texts')
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
    return packPieces(rows, pieces, config)
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

/** A piece with its tokens. */
export interface TokenPiece extends Omit<Piece, 'length'> {
  readonly ids: Int32Array
}

/** Pieces as sequences: with `packing` several share one, else each has its own. */
export function packPieces(
  rows: Int32Array,
  pieces: readonly TokenPiece[],
  { packing, max_length: capacity }: Pick<PrepareConfig, 'packing' | 'max_length'>,
): PackedRows {
  const lengths = pieces.map(({ ids }) => ids.length)
  const packed = packing ? packSequences(lengths, capacity) : pieces.map((_, i) => ({ members: [i] }))
  const members = packed.map((sequence) => sequence.members.map((i) => pieces[i] as TokenPiece))
  const ids = members.map((inside) => Int32Array.from(inside.flatMap(({ ids }) => Array.from(ids))))
  return {
    ...tokenRows(rows, ids),
    pieces: members.map((inside) => inside.map(({ ids, ...piece }) => ({ ...piece, length: ids.length }))),
  }
}
