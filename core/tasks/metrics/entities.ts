/**
 * Named things in tagged words, and how many of them were found. A tag is a kind with a prefix that says where in the
 * thing its word is (B-PER, I-PER; E and S too), or O. As seqeval counts without a scheme: what may begin a thing does,
 * so that I-PER after O is one as well.
 */

export interface Entity {
  readonly kind: string
  /** First word and last. */
  readonly from: number
  readonly to: number
}

interface Tag {
  readonly prefix: string
  readonly kind: string
}

const outside: Tag = { prefix: 'O', kind: '' }

/** "B-PER" → B and PER; a tag without a prefix is a kind that goes on as long as it is the same. */
function tagOf(name: string): Tag {
  if (name === 'O') return outside
  const dash = name.indexOf('-')
  return dash === 1 && 'BIES'.includes(name.charAt(0))
    ? { prefix: name.charAt(0), kind: name.slice(2) }
    : { prefix: 'I', kind: name }
}

export function entitiesOf(tags: readonly string[]): Entity[] {
  const found: Entity[] = []
  let before = outside
  let from = 0
  for (let i = 0; i <= tags.length; i++) {
    const tag = i < tags.length ? tagOf(tags[i] as string) : outside
    const open = before.prefix !== 'O'
    const fresh = tag.prefix === 'B' || tag.prefix === 'S' || tag.kind !== before.kind
    const ended = before.prefix === 'E' || before.prefix === 'S'
    const ends = open && (tag.prefix === 'O' || fresh || ended)
    if (ends) found.push({ kind: before.kind, from, to: i - 1 })
    if (tag.prefix !== 'O' && (!open || ends)) from = i
    before = tag
  }
  return found
}

export interface EntityScores {
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** Over the rows together: a thing counts as found where kind, first and last word are right. 0 where there is none. */
export function entityScores(
  gold: readonly (readonly string[])[],
  predicted: readonly (readonly string[])[],
): EntityScores {
  let [right, said, there] = [0, 0, 0]
  for (const [row, tags] of gold.entries()) {
    const keyOf = ({ kind, from, to }: Entity) => `${from} ${to} ${kind}`
    const truth = new Set(entitiesOf(tags).map(keyOf))
    const guesses = entitiesOf(predicted[row] ?? []).map(keyOf)
    right += guesses.filter((guess) => truth.has(guess)).length
    said += guesses.length
    there += truth.size
  }
  const precision = said === 0 ? 0 : right / said
  const recall = there === 0 ? 0 : right / there
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) }
}
