import type { DatasetRow, TokenPreview } from '../contract/domain.ts'
import type { RowStore } from './row-store.ts'
import type { Encoding, Tokenizer } from './tokenizers/tokenizer.ts'

/** Rows tokenised for the shares: all of a small dataset, evenly spread ones of a large one. About 0.2 s of work. */
const rowsScanned = 1000
const bars = 24

/** How a dataset's rows become tokens at a maximum length, and what share of them is cut. Shows `limit` rows. */
export function tokenPreview(
  store: RowStore,
  tokenizer: Pick<Tokenizer, 'tokens'>,
  encode: (row: DatasetRow, maxLength: number) => Encoding,
  maxLength: number,
  limit: number,
): Omit<TokenPreview, 'model'> {
  const scanned = Math.min(rowsScanned, store.count)
  const lengths = Array.from({ length: scanned }, (_, i) => {
    return encode(store.read(Math.floor((i * store.count) / scanned)), maxLength).length
  })
  lengths.sort((a, b) => a - b)
  return {
    maxLength,
    scanned,
    truncated: lengths.filter((length) => length > maxLength).length,
    lengths: {
      median: quantile(lengths, 0.5),
      p95: quantile(lengths, 0.95),
      max: lengths.at(-1) ?? 0,
      histogram: histogramOf(lengths),
    },
    rows: Array.from({ length: Math.min(limit, store.count) }, (_, row) => {
      const read = store.read(row)
      const { ids, length } = encode(read, maxLength)
      const tokens = tokenizer.tokens(ids)
      return { row, label: read.label, tokens, ids: Array.from(ids), length, truncated: length > ids.length }
    }),
  }
}

/** Of ascending values, between the two nearest ranks. */
function quantile(ascending: readonly number[], share: number): number {
  if (ascending.length === 0) return 0
  const rank = (ascending.length - 1) * share
  const low = ascending[Math.floor(rank)] as number
  const high = ascending[Math.ceil(rank)] as number
  return low + (high - low) * (rank - Math.floor(rank))
}

/** Bars of equal width, a round number of tokens, up to the longest. `upTo` is inclusive. */
function histogramOf(ascending: readonly number[]): { upTo: number; count: number }[] {
  const longest = ascending.at(-1) ?? 0
  const width = [4, 8, 16, 32, 64, 128, 256, 512].find((candidate) => longest / candidate <= bars)
  const step = width ?? Math.ceil(longest / bars / 1024) * 1024
  const counts = new Array<number>(Math.ceil(longest / step)).fill(0)
  for (const length of ascending) {
    const bar = Math.max(0, Math.ceil(length / step) - 1)
    counts[bar] = (counts[bar] ?? 0) + 1
  }
  return counts.map((count, i) => ({ upTo: (i + 1) * step, count }))
}
