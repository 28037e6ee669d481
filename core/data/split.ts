import { hash32, permutation } from '../util/random.ts'

/** Row positions of both sides, each ascending; together every row once. */
export interface Split {
  readonly train: Int32Array
  readonly validation: Int32Array
}

/**
 * Splits rows so that both sides have the same mix of classes. `labelIds` has one class id a row; `fraction` of the
 * rows, in (0, 1), goes to validation. Rows are chosen by a hash of (seed, row): the same input always gives the same
 * sides. A class with two or more rows is on both sides, a class with one row is in train only.
 */
export function splitRows(labelIds: ArrayLike<number>, fraction: number, seed: number): Split {
  const rowsOf = new Map<number, number[]>()
  for (let row = 0; row < labelIds.length; row++) {
    const id = labelIds[row] as number
    const rows = rowsOf.get(id)
    if (rows) rows.push(row)
    else rowsOf.set(id, [row])
  }
  const classes = [...rowsOf.keys()].sort((a, b) => a - b).map((id) => rowsOf.get(id) as number[])
  const quotas = quotasOf(
    classes.map((rows) => rows.length),
    fraction,
  )

  const held = new Uint8Array(labelIds.length)
  for (const [i, rows] of classes.entries()) {
    const byHash = rows.map((row) => ({ row, key: hash32(seed, row) })).sort((a, b) => a.key - b.key || a.row - b.row)
    for (const { row } of byHash.slice(0, quotas[i])) held[row] = 1
  }
  const rows = Int32Array.from({ length: labelIds.length }, (_, row) => row)
  return { train: rows.filter((row) => held[row] === 0), validation: rows.filter((row) => held[row] === 1) }
}

/**
 * Rows of each class to hold out. Whole parts first, then the rest of the total by largest remainder, so that many
 * small classes do not round the total away from `fraction`; then at least one row of a class on each side.
 */
function quotasOf(sizes: readonly number[], fraction: number): number[] {
  const total = sizes.reduce((a, b) => a + b, 0)
  const quotas = sizes.map((size) => Math.floor(size * fraction))
  const left = Math.round(total * fraction) - quotas.reduce((a, b) => a + b, 0)
  const byRemainder = sizes
    .map((size, i) => ({ i, remainder: size * fraction - (quotas[i] as number) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i)
  for (const { i } of byRemainder.slice(0, Math.max(0, left))) quotas[i] = (quotas[i] as number) + 1
  return quotas.map((quota, i) => {
    const size = sizes[i] as number
    return size < 2 ? 0 : Math.min(Math.max(quota, 1), size - 1)
  })
}

/**
 * A share of the rows, in (0, 1], drawn so that a smaller share of the same rows lies within a larger one: of each class,
 * the first so many by a hash of (seed, row), at least one. `labelIds` has one class id for every row of the dataset.
 */
export function shareOfRows(rows: Int32Array, labelIds: ArrayLike<number>, share: number, seed: number): Int32Array {
  if (share >= 1) return rows
  const rowsOf = Map.groupBy(rows, (row) => labelIds[row] as number)
  const kept = [...rowsOf.values()].flatMap((inClass) => {
    const byHash = inClass.map((row) => ({ row, key: hash32(seed, row, shareStream) }))
    byHash.sort((a, b) => a.key - b.key || a.row - b.row)
    return byHash.slice(0, Math.max(1, Math.round(inClass.length * share))).map(({ row }) => row)
  })
  return Int32Array.from(kept).sort()
}

/** So that it is not the hash that held rows out. */
const shareStream = 13

/** At most `most` of the rows, drawn at random by (seed, stream), in ascending order; all when `most` is undefined. */
export function thinRows(rows: Int32Array, most: number | undefined, seed: number, stream: number): Int32Array {
  if (most === undefined || most >= rows.length) return rows
  const drawn = permutation(rows.length, seed, stream).subarray(0, most).toSorted()
  return drawn.map((i) => rows[i] as number)
}
