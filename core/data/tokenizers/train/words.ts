/** Words and how often each occurs. */
export type WordCounts = ReadonlyMap<string, number>

/**
 * Counts the words that `split` finds in texts. `onText` is told how many texts are done and may throw to stop.
 */
export function countWords(
  texts: Iterable<string>,
  split: (text: string) => Iterable<string>,
  onText: (done: number) => void,
): WordCounts {
  const counts = new Map<string, number>()
  let done = 0
  for (const text of texts) {
    for (const word of split(text)) counts.set(word, (counts.get(word) ?? 0) + 1)
    onText(++done)
  }
  return counts
}

/** Characters (code points) by how often they occur, most frequent first, then by their number. */
export function countCharacters(words: WordCounts): [character: string, count: number][] {
  const counts = new Map<string, number>()
  for (const [word, times] of words) for (const one of word) counts.set(one, (counts.get(one) ?? 0) + times)
  return [...counts].sort(([a, x], [b, y]) => y - x || byNumber(a, b))
}

/** Orders characters by code point. */
export function byNumber(a: string, b: string): number {
  return (a.codePointAt(0) as number) - (b.codePointAt(0) as number)
}
