export interface SortBy {
  readonly column: string
  readonly descending: boolean
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** What a row is sorted by: a list by its first place where two differ. */
export type SortKey = string | number | null | readonly (string | number)[]

/** Stable; rows without a value come last either way. Text sorts as people number things: run 2 before run 10. */
export function sorted<Row>(rows: readonly Row[], value: (row: Row) => SortKey, descending: boolean): Row[] {
  const sign = descending ? -1 : 1
  return [...rows].sort((one, other) => {
    const a = value(one)
    const b = value(other)
    if (a === null || b === null) return Number(a === null) - Number(b === null)
    return sign * compared(a, b)
  })
}

function compared(a: Exclude<SortKey, null>, b: Exclude<SortKey, null>): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a !== 'object' || typeof b !== 'object') return collator.compare(String(a), String(b))
  const places = a.map((part, i) => compared(part, b[i] ?? ''))
  return places.find((place) => place !== 0) ?? 0
}
