import { permutation } from '../util/random.ts'

/**
 * Rows that were tokenised once, made into batches of one padded length each. Everything here is a pure function of
 * integers: the same seed and epoch give the same batches in any process, so a position in a run is two numbers.
 */

/**
 * One side of a dataset as what batches are made of, whatever an example consists of. Plain data and typed arrays only:
 * it passes between threads.
 */
export interface Examples {
  /** Rows of the dataset that are in it: their 0-based positions among the used rows, ascending. */
  readonly rows: Int32Array
  /** Of each sequence, which programs are chosen by: its tokens, or anything else that shapes depend on. */
  readonly lengths: Int32Array
  /** What all of it takes in memory, where that is not some tokens a sequence. */
  readonly bytes?: number
}

/** One side of a dataset as token sequences. */
export interface TokenRows extends Examples {
  /** Token ids of each sequence, special tokens included, none longer than the maximum length. */
  readonly ids: readonly Int32Array[]
}

/** Sequences with their lengths beside them. */
export function tokenRows(rows: Int32Array, ids: readonly Int32Array[]): TokenRows {
  return { rows, ids, lengths: Int32Array.from(ids, ({ length }) => length) }
}

/** Sequences side by side, padded to one length. */
export interface PaddedTokens {
  /** In tokens: one of the buckets. */
  readonly length: number
  /** int32 [batchSize, length] */
  readonly inputIds: Int32Array
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
  { lengths }: Pick<Examples, 'lengths'>,
  buckets: readonly number[],
  batchSize: number,
  seed: number,
  epoch: number,
): Int32Array[] {
  const count = lengths.length
  const shuffled = permutation(count, seed, rowStream, epoch)
  const chunk = batchSize * Math.min(50, Math.max(1, Math.floor(count / (batchSize * 4))))
  const batches: Int32Array[] = []
  for (let start = 0; start < count; start += chunk) {
    const positions = shuffled.slice(start, start + chunk)
    const bucket = (position: number) => bucketOf(lengths[position] as number, buckets)
    const ordered = Int32Array.from(Array.from(positions).sort((a, b) => bucket(a) - bucket(b)))
    for (let at = 0; at < ordered.length; at += batchSize) batches.push(ordered.slice(at, at + batchSize))
  }
  return Array.from(permutation(batches.length, seed, batchStream, epoch), (i) => batches[i] as Int32Array)
}

/** Every position once, shortest first: the order for evaluation and prediction. */
export function lengthOrder({ lengths }: Pick<Examples, 'lengths'>, batchSize: number): Int32Array[] {
  const length = (position: number) => lengths[position] as number
  const ordered = Int32Array.from(Array.from(lengths.keys()).sort((a, b) => length(a) - length(b)))
  const batches: Int32Array[] = []
  for (let at = 0; at < ordered.length; at += batchSize) batches.push(ordered.slice(at, at + batchSize))
  return batches
}

/**
 * The sequences at these positions (1 to `batchSize`), padded to the bucket of the longest. A short batch is filled up
 * with copies of its first sequence: real tokens, so that no row is all padding; their weight must be 0.
 */
export function padTokens(
  { ids }: Pick<TokenRows, 'ids'>,
  positions: Int32Array,
  { buckets, batchSize, padId }: { buckets: readonly number[]; batchSize: number; padId: number },
): PaddedTokens {
  let longest = 1
  let realTokens = 0
  for (const position of positions) {
    const { length } = ids[position] as Int32Array
    longest = Math.max(longest, length)
    realTokens += length
  }
  const length = bucketOf(longest, buckets)
  const inputIds = new Int32Array(batchSize * length).fill(padId)
  for (let i = 0; i < batchSize; i++) inputIds.set(ids[filled(positions, i)] as Int32Array, i * length)
  return { length, inputIds, realTokens }
}

/** The position in row `i` of a batch, the first one's where the batch is short. */
export function filled(positions: Int32Array, i: number): number {
  return positions[i < positions.length ? i : 0] as number
}
