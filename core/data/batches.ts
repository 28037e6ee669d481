import { permutation } from '../util/random.ts'

/**
 * Rows that were tokenised once, made into batches of one padded length each. Everything here is a pure function of
 * integers: the same seed and epoch give the same batches in any process, so a position in a run is two numbers.
 */

/** Tokenised rows; every array has one entry a row. */
export interface EncodedRows {
  /** Row of the dataset: its 0-based position among the used rows. */
  readonly rows: Int32Array
  /** Class ids. */
  readonly labels: Int32Array
  /** Token ids, special tokens included, already cut to the maximum length. */
  readonly ids: readonly Int32Array[]
}

export interface Batch {
  /** Rows of the dataset in this batch: the fill rows of a partial batch are not among them. */
  readonly rows: Int32Array
  /** Padded length in tokens: one of the buckets. */
  readonly length: number
  /** int32 [batchSize, length] */
  readonly inputIds: Int32Array
  /** int32 [batchSize, length]; 1 for real tokens */
  readonly attentionMask: Int32Array
  /** int32 [batchSize, length]; all 0: one text a row */
  readonly tokenTypeIds: Int32Array
  /** int32 [batchSize] */
  readonly labels: Int32Array
  /** float32 [batchSize]; 1, and 0 for fill rows */
  readonly weights: Float32Array
  /** Tokens without padding and fill rows. */
  readonly realTokens: number
}

/** Streams of the counter-based generator, so that order within and between batches is drawn independently. */
const rowStream = 1
const batchStream = 2

/** Padded lengths are multiples of this many tokens (or the maximum length itself). */
const granularity = 8

/** Another bucket costs another compiled program: it has to save at least this share of the padded tokens. */
const worthwhile = 0.03

/**
 * At most `most` padded lengths, ascending, that make the sum of padded tokens smallest: exact, by dynamic programming
 * over the histogram of lengths rounded up to multiples of 8. The last one holds the longest row.
 */
export function chooseBuckets(lengths: ArrayLike<number>, maxLength: number, most = 4): number[] {
  const counts = new Map<number, number>()
  for (let i = 0; i < lengths.length; i++) {
    const rounded = Math.ceil(Math.max(1, lengths[i] as number) / granularity) * granularity
    const padded = Math.min(rounded, maxLength)
    counts.set(padded, (counts.get(padded) ?? 0) + 1)
  }
  const candidates = [...counts.keys()].sort((a, b) => a - b)
  if (candidates.length === 0) return [maxLength]

  const upTo: number[] = [0]
  for (const length of candidates) upTo.push((upTo.at(-1) as number) + (counts.get(length) as number))
  /** Padded tokens when the candidates from..to−1 all take the length of the last of them. */
  const cost = (from: number, to: number) =>
    ((upTo[to] as number) - (upTo[from] as number)) * (candidates[to - 1] as number)

  const n = candidates.length
  let best = candidates.map((_, i) => cost(0, i + 1))
  let cuts = candidates.map(() => [] as number[])
  let chosen = { total: best[n - 1] as number, cuts: cuts[n - 1] as number[] }
  for (let buckets = 2; buckets <= Math.min(most, n); buckets++) {
    const nextBest = [...best]
    const nextCuts = [...cuts]
    for (let to = buckets; to <= n; to++) {
      for (let from = buckets - 1; from < to; from++) {
        const total = (best[from - 1] as number) + cost(from, to)
        if (total < (nextBest[to - 1] as number)) {
          nextBest[to - 1] = total
          nextCuts[to - 1] = [...(cuts[from - 1] as number[]), from]
        }
      }
    }
    best = nextBest
    cuts = nextCuts
    const total = best[n - 1] as number
    if (total > chosen.total * (1 - worthwhile)) break
    chosen = { total, cuts: cuts[n - 1] as number[] }
  }
  return [...chosen.cuts, n].map((end) => candidates[end - 1] as number)
}

/** The smallest bucket that holds `length` tokens; the largest one when none does. */
export function bucketOf(length: number, buckets: readonly number[]): number {
  return buckets.find((bucket) => length <= bucket) ?? (buckets.at(-1) as number)
}

/**
 * Positions of one epoch, batch by batch. All rows are shuffled, taken in chunks of up to 50 batches, ordered by bucket
 * inside a chunk (rows of one bucket stay in random order), cut into batches, and the batches shuffled: hardly any
 * padding, and any two rows can meet. Each row occurs exactly once; only one batch may be short.
 */
export function epochOrder(
  encoded: EncodedRows,
  buckets: readonly number[],
  batchSize: number,
  seed: number,
  epoch: number,
): Int32Array[] {
  const count = encoded.ids.length
  const shuffled = permutation(count, seed, rowStream, epoch)
  const chunk = batchSize * Math.min(50, Math.max(1, Math.floor(count / (batchSize * 4))))
  const batches: Int32Array[] = []
  for (let start = 0; start < count; start += chunk) {
    const positions = shuffled.slice(start, start + chunk)
    const bucket = (position: number) => bucketOf((encoded.ids[position] as Int32Array).length, buckets)
    const ordered = Int32Array.from(Array.from(positions).sort((a, b) => bucket(a) - bucket(b)))
    for (let at = 0; at < ordered.length; at += batchSize) batches.push(ordered.slice(at, at + batchSize))
  }
  return Array.from(permutation(batches.length, seed, batchStream, epoch), (i) => batches[i] as Int32Array)
}

/** Every position once, shortest first: the order for evaluation and prediction. */
export function lengthOrder(encoded: EncodedRows, batchSize: number): Int32Array[] {
  const length = (position: number) => (encoded.ids[position] as Int32Array).length
  const ordered = Int32Array.from(Array.from(encoded.ids.keys()).sort((a, b) => length(a) - length(b)))
  const batches: Int32Array[] = []
  for (let at = 0; at < ordered.length; at += batchSize) batches.push(ordered.slice(at, at + batchSize))
  return batches
}

/**
 * The batch of these positions (1 to `batchSize` of them), padded to the bucket of the longest. A short batch is
 * filled with copies of its first row at weight 0: real tokens, so that no row is all padding, and no effect on loss.
 */
export function buildBatch(
  encoded: EncodedRows,
  positions: Int32Array,
  buckets: readonly number[],
  batchSize: number,
  padId: number,
): Batch {
  let longest = 1
  let realTokens = 0
  for (const position of positions) {
    const { length } = encoded.ids[position] as Int32Array
    longest = Math.max(longest, length)
    realTokens += length
  }
  const length = bucketOf(longest, buckets)
  const inputIds = new Int32Array(batchSize * length).fill(padId)
  const attentionMask = new Int32Array(batchSize * length)
  const labels = new Int32Array(batchSize)
  const weights = new Float32Array(batchSize)
  for (let i = 0; i < batchSize; i++) {
    const position = positions[i < positions.length ? i : 0] as number
    const ids = encoded.ids[position] as Int32Array
    inputIds.set(ids, i * length)
    attentionMask.fill(1, i * length, i * length + ids.length)
    labels[i] = encoded.labels[position] as number
    weights[i] = i < positions.length ? 1 : 0
  }
  return {
    rows: positions.map((position) => encoded.rows[position] as number),
    length,
    inputIds,
    attentionMask,
    tokenTypeIds: new Int32Array(batchSize * length),
    labels,
    weights,
    realTokens,
  }
}
