/**
 * BLEU of texts against one reference each, in percent: the geometric mean of how many of their n-grams of 1 to 4 words
 * the references have, less where they are shorter. As sacrebleu's corpus_bleu computes it: tokenised by "13a" and with
 * exponential smoothing. Source: Papineni et al. 2002; sacrebleu, metrics/bleu.py.
 */
export function bleu(texts: readonly string[], references: readonly string[]): number {
  const right = [0, 0, 0, 0]
  const all = [0, 0, 0, 0]
  let length = 0
  let referenceLength = 0
  for (const [i, text] of texts.entries()) {
    const words = wordsOf(text)
    const reference = wordsOf(references[i] as string)
    length += words.length
    referenceLength += reference.length
    for (let n = 1; n <= 4; n++) {
      const wanted = countNgrams(reference, n)
      for (const [gram, count] of countNgrams(words, n)) {
        all[n - 1] = (all[n - 1] as number) + count
        right[n - 1] = (right[n - 1] as number) + Math.min(count, wanted.get(gram) ?? 0)
      }
    }
  }
  if (right.every((count) => count === 0)) return 0
  let smoothing = 1
  let logarithms = 0
  for (let n = 0; n < 4; n++) {
    // Texts too short for an order have no n-grams of it to be right about: the score is undefined, and 0.
    if (all[n] === 0) return 0
    if (right[n] === 0) smoothing *= 2
    const precision = right[n] === 0 ? 1 / smoothing : (right[n] as number)
    logarithms += Math.log((100 * precision) / (all[n] as number))
  }
  const brevity = length < referenceLength ? Math.exp(1 - referenceLength / length) : 1
  return brevity * Math.exp(logarithms / 4)
}

/** What Python's str.split() splits at, which is not quite what \s means here. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are separators to Python.
export const pythonSpace = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u

/** Words and marks, as mteval-v13a and sacrebleu's "13a" part them. */
function wordsOf(text: string): string[] {
  const plain = text
    .replace(new RegExp(`${pythonSpace.source}$`, 'u'), '')
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
  return ` ${plain} `
    .replace(/[{-~[-` -&(-+:-@/]/g, ' $& ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ')
    .split(pythonSpace)
    .filter((word) => word !== '')
}

function countNgrams(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join(' ')
    counts.set(gram, (counts.get(gram) ?? 0) + 1)
  }
  return counts
}
