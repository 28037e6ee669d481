const candidates: readonly string[] = [',', '\t', ';', '|']
const recordsLooked = 50

/** The character that cuts the first records of a text into the same number of fields; a comma when none does. */
export function detectDelimiter(head: string): string {
  let best = { delimiter: ',', score: 0 }
  for (const delimiter of candidates) {
    const counts = countsPerRecord(head, delimiter)
    const [header = 0] = counts
    const agreeing = counts.filter((count) => count === header).length / counts.length
    // Agreement decides, the number of fields only between equals.
    const score = header === 0 ? 0 : agreeing + Math.min(header, 100) / 1000
    if (score > best.score) best = { delimiter, score }
  }
  return best.delimiter
}

/** How often a character stands outside quotes in each of the first records. The last one may be cut: it counts only alone. */
function countsPerRecord(text: string, delimiter: string): number[] {
  const counts: number[] = []
  let count = 0
  let quoted = false
  let empty = true
  for (const character of text) {
    if (character === '"') quoted = !quoted
    else if (quoted) continue
    else if (character === delimiter) count++
    else if (character === '\n') {
      if (!empty) counts.push(count)
      count = 0
      empty = true
      if (counts.length === recordsLooked) break
      continue
    }
    empty = false
  }
  return counts.length > 0 ? counts : [count]
}
