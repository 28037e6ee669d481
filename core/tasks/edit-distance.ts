/** How many elements have to be put in, left out or replaced to make one sequence of the other (Levenshtein 1966). */
export function editDistance<T>(a: ArrayLike<T>, b: ArrayLike<T>): number {
  let previous = Uint32Array.from({ length: b.length + 1 }, (_, j) => j)
  let row = new Uint32Array(b.length + 1)
  for (let i = 0; i < a.length; i++) {
    row[0] = i + 1
    for (let j = 0; j < b.length; j++) {
      const replaced = (previous[j] as number) + (a[i] === b[j] ? 0 : 1)
      row[j + 1] = Math.min(replaced, (previous[j + 1] as number) + 1, (row[j] as number) + 1)
    }
    ;[previous, row] = [row, previous]
  }
  return previous[b.length] as number
}

/** Edits of characters over the length of the longer text: 0 where both are the same, 1 where they share nothing. */
export function characterDistance(text: string, reference: string): number {
  const [a, b] = [Array.from(text), Array.from(reference)]
  return a.length + b.length === 0 ? 0 : editDistance(a, b) / Math.max(a.length, b.length)
}

/** Word error rate: edits of words over the words of the references, all texts together. May exceed 1. */
export function wordErrorRate(texts: readonly string[], references: readonly string[]): number {
  return errorRate(texts, references, (text) => text.split(/\s+/u).filter((word) => word !== ''))
}

/** Character error rate: the same of characters, spaces included. */
export function characterErrorRate(texts: readonly string[], references: readonly string[]): number {
  return errorRate(texts, references, (text) => Array.from(text))
}

/** With nothing to be found in the references, anything that was written is an error each. */
function errorRate(texts: readonly string[], references: readonly string[], parts: (text: string) => string[]): number {
  let edits = 0
  let length = 0
  for (const [i, text] of texts.entries()) {
    const reference = parts(references[i] as string)
    edits += editDistance(parts(text), reference)
    length += reference.length
  }
  return length === 0 ? edits : edits / length
}
