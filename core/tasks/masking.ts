import { hash32, permutation, uniform } from '../util/random.ts'
import { type MaskedRows, slotsOf } from './masked-rows.ts'
import type { Draw } from './task.ts'

/** A token that is to be guessed. */
export interface Hidden {
  /** In its sequence. */
  readonly place: number
  readonly id: number
  /** What stands there instead. */
  readonly shown: number
}

/** Streams of the generator: which tokens, what is done with each, and which other token comes in its place. */
const placeStream = 21
const wayStream = 22
const tokenStream = 23

/** What an evaluation draws by: all runs on the same rows are asked the same. */
const evaluationDraw: Draw = { seed: 0, epoch: 0 }

/**
 * The tokens of a sequence that are to be guessed, as BERT has it: a share of them, at least one; of ten, eight are
 * hidden, one reads as another token, and one stays. A function of the draw, the row and the piece. Source: Devlin et al.
 * 2018, 3.1; where they draw each token by itself, here each text has the same share.
 */
export function hiddenIn(encoded: MaskedRows, position: number, probability: number, draw: Draw | null): Hidden[] {
  const { owners, pieces, around, maskId, ordinary, hidden } = encoded
  const ids = encoded.ids[position] as Int32Array
  if (hidden !== null) {
    return Array.from(hidden[position] as Int32Array, (place) => ({ place, id: maskId, shown: maskId }))
  }
  const { seed, epoch } = draw ?? evaluationDraw
  const key = [epoch, encoded.rows[owners[position] as number] as number, pieces[position] as number] as const
  const [before, after] = around
  const count = ids.length - before - after
  const chosen = permutation(count, seed, placeStream, ...key).subarray(0, slotsOf(count, probability))
  return Array.from(chosen.toSorted(), (at) => {
    const place = before + at
    const id = ids[place] as number
    const way = uniform(seed, wayStream, ...key, at)
    if (way < 0.8) return { place, id, shown: maskId }
    if (way >= 0.9) return { place, id, shown: id }
    const other = hash32(seed, tokenStream, ...key, at) % ordinary.length
    return { place, id, shown: ordinary[other] as number }
  })
}
