/**
 * The known word that a misspelt one probably meant, or null. A part of a known word counts as near ("epochs" in
 * "num_train_epochs"), then edit distance, at most a third of the word.
 */
export function nearest(word: string, known: readonly string[]): string | null {
  const wanted = word.toLowerCase()
  const inside = wanted.length >= 3 ? known.find((candidate) => candidate.toLowerCase().includes(wanted)) : undefined
  let best: string | null = null
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best ?? inside ?? null
}

/** Levenshtein's distance with swapped neighbours as one edit (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      }
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}
