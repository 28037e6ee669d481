import type { ColumnMapping } from '../contract/domain.ts'

/** What the first rows of a column show. */
export interface ColumnFacts {
  readonly name: string
  /** Different values, the empty one not counted. */
  readonly distinct: number
  readonly empty: number
  /** Characters, over the values that are not empty. */
  readonly meanLength: number
}

/** Best first. */
const textNames = ['text', 'message', 'sentence', 'content', 'body', 'review', 'comment', 'document', 'email', 'tweet']
const labelNames = ['label', 'labels', 'class', 'category', 'target', 'sentiment', 'spam', 'intent', 'topic', 'tag']

/**
 * Which column is probably the text and which the label: by name, else the label is the column with the fewest values
 * that repeat, and the text the one with the longest. What cannot be told is left out.
 */
export function guessMapping(columns: readonly ColumnFacts[], rows: number): Partial<ColumnMapping> {
  const mostLabels = Math.max(20, rows / 10)
  const labelLike = columns.filter(
    ({ distinct, empty }) => distinct >= 2 && distinct <= mostLabels && distinct < (rows - empty) / 2,
  )
  const label =
    byName(columns, labelNames) ??
    labelLike.toSorted((a, b) => a.distinct - b.distinct || a.meanLength - b.meanLength)[0]
  const others = columns.filter((column) => column !== label)
  const varied = others.filter(({ distinct }) => distinct > 1)
  const text = byName(others, textNames) ?? varied.toSorted((a, b) => b.meanLength - a.meanLength)[0]
  return { ...(text && { text: text.name }), ...(label && { label: label.name }) }
}

function byName(columns: readonly ColumnFacts[], names: readonly string[]): ColumnFacts | undefined {
  const rank = ({ name }: ColumnFacts) => names.indexOf(name.trim().toLowerCase())
  const named = columns.filter((column) => rank(column) >= 0)
  return named.toSorted((a, b) => rank(a) - rank(b))[0]
}
