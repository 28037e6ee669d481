import type { ByLength, Run } from '../contract/domain.ts'
import { openRowStore } from '../data/row-store.ts'
import { RememberedTokens } from '../data/row-tokens.ts'
import { readTokenizer } from '../data/tokenizers/tokenizer.ts'
import { codeOf } from '../util/files.ts'
import type { Context } from './context.ts'
import { commonRows, type Joined, judgedValues } from './outputs.ts'

/** Up to so many tokens; the last bucket has no end. */
const ends = [16, 32, 64, 128, 256, 512, 1024]

/**
 * How well runs do on short and on long texts: the rows that they have in common by their length in the baseline's tokens,
 * before any cut. Null where there is no text to count.
 */
export async function byLength({ folders }: Context, runs: readonly Run[], joined: Joined): Promise<ByLength | null> {
  const [baseline] = runs
  if (!baseline || joined.count === 0) return null
  const lengths = await lengthsOf(
    folders.of('models', baseline.model.id),
    folders.of('datasets', baseline.dataset.id),
    baseline,
    commonRows(joined),
  )
  if (lengths === null) return null
  const values = judgedValues(joined)
  const buckets = ends.concat(Number.POSITIVE_INFINITY).map((end, i) => {
    const from = i === 0 ? 1 : (ends[i - 1] as number) + 1
    const places = Array.from(lengths.keys()).filter((place) => {
      const length = lengths[place] as number
      return length >= from && length <= end
    })
    const mean = (column: Float64Array) =>
      places.reduce((sum, place) => sum + (column[place] as number), 0) / places.length
    return {
      from,
      to: Number.isFinite(end) ? end : null,
      rows: places.length,
      values: places.length === 0 ? [] : values.map(mean),
    }
  })
  const { label, unit, better } = joined.judgement
  return { tokensOf: baseline.model.name, label, unit, better, buckets: buckets.filter(({ rows }) => rows > 0) }
}

async function lengthsOf(
  modelDir: string,
  datasetDir: string,
  { config }: Run,
  rows: Int32Array,
): Promise<Int32Array | null> {
  try {
    const files = await readTokenizer(modelDir)
    const store = openRowStore(datasetDir)
    try {
      // Where a run has left the tokens of these rows, they are only read.
      const cut = config.task === 'text-classification' ? config.max_length : Number.MAX_SAFE_INTEGER
      const tokens = new RememberedTokens(store, files, true)
      return rows.map((row) => tokens.encode(row, cut).length)
    } finally {
      store.close()
    }
  } catch (thrown) {
    // A model that was deleted, or reads no text.
    if (codeOf(thrown) === 'not_found') return null
    throw thrown
  }
}
