import type { PartialMapping } from '../contract/domain.ts'
import type { RoleInfo } from '../contract/roles.ts'

/** What the first rows of a column show. */
export interface ColumnFacts {
  readonly name: string
  /** Different values, the empty one not counted. */
  readonly distinct: number
  readonly empty: number
  /** Characters, over the values that are not empty. */
  readonly meanLength: number
}

/**
 * Which column probably plays which role: by name; else the label is the column with the fewest values that repeat, the
 * text the one with the longest, and any other role the only column that is left. What cannot be told is left out.
 */
export function guessMapping(
  columns: readonly ColumnFacts[],
  rows: number,
  roles: readonly RoleInfo[],
): PartialMapping {
  const found = new Map<string, ColumnFacts>()
  const free = () => columns.filter((column) => ![...found.values()].includes(column))
  const take = (role: RoleInfo, column: ColumnFacts | undefined) => {
    if (column) found.set(role.name, column)
  }
  // The label first: what looks like one is no text.
  const order = roles.toSorted((a, b) => Number(b.name === 'label') - Number(a.name === 'label'))
  for (const role of order) {
    const named = byName(free(), role.columns)
    if (role.name === 'label') take(role, named ?? labelLike(free(), rows))
    else take(role, named)
  }
  for (const role of order.filter(({ name }) => !found.has(name))) {
    if (role.name === 'text') take(role, textLike(free(), roles.filter(({ optional }) => !optional).length === 1))
    else if (role.name !== 'label' && !role.optional && free().length === 1) take(role, free()[0])
  }
  return Object.fromEntries([...found].map(([role, { name }]) => [role, name]))
}

function labelLike(columns: readonly ColumnFacts[], rows: number): ColumnFacts | undefined {
  const most = Math.max(20, rows / 10)
  return columns
    .filter(({ distinct, empty }) => distinct >= 2 && distinct <= most && distinct < (rows - empty) / 2)
    .toSorted((a, b) => a.distinct - b.distinct || a.meanLength - b.meanLength)[0]
}

/** Where nothing else is asked for, an only column is the text, whatever it holds. */
function textLike(columns: readonly ColumnFacts[], alone: boolean): ColumnFacts | undefined {
  if (alone && columns.length === 1) return columns[0]
  return columns.filter(({ distinct }) => distinct > 1).toSorted((a, b) => b.meanLength - a.meanLength)[0]
}

function byName(columns: readonly ColumnFacts[], names: readonly string[]): ColumnFacts | undefined {
  const rank = ({ name }: ColumnFacts) => names.indexOf(name.trim().toLowerCase())
  const named = columns.filter((column) => rank(column) >= 0)
  return named.toSorted((a, b) => rank(a) - rank(b))[0]
}
