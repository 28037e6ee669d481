import { pythonSpace } from './bleu.ts'

/**
 * chrF2 of a text against its reference, in percent: how alike they are in n-grams of 1 to 6 characters, without spaces,
 * what is missing counting twice as much as what is too much. As sacrebleu's sentence_chrf. Source: Popović 2015.
 */
export function chrf(text: string, reference: string): number {
  return scoreOf(statisticsOf(text, reference))
}

/** The same over many texts, as sacrebleu's corpus_chrf: n-grams are counted over all of them. */
export function corpusChrf(texts: readonly string[], references: readonly string[]): number {
  const sums = new Float64Array(3 * orders)
  for (const [i, text] of texts.entries()) {
    statisticsOf(text, references[i] as string).forEach((count, k) => {
      sums[k] = (sums[k] as number) + count
    })
  }
  return scoreOf(sums)
}

const orders = 6
const beta2 = 4

/** Of each order: n-grams of the text, of the reference, and of both. */
function statisticsOf(text: string, reference: string): Float64Array {
  const statistics = new Float64Array(3 * orders)
  const [ours, theirs] = [charactersOf(text), charactersOf(reference)]
  for (let n = 1; n <= orders; n++) {
    const wanted = countNgrams(theirs, n)
    let all = 0
    let both = 0
    for (const [gram, count] of countNgrams(ours, n)) {
      all += count
      both += Math.min(count, wanted.get(gram) ?? 0)
    }
    // N-grams of an order that the reference is too short for count as none.
    statistics.set([wanted.size > 0 ? all : 0, Math.max(0, theirs.length - n + 1), both], 3 * (n - 1))
  }
  return statistics
}

function charactersOf(text: string): string[] {
  return Array.from(text.split(pythonSpace).join(''))
}

function countNgrams(characters: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + n <= characters.length; i++) {
    const gram = characters.slice(i, i + n).join('')
    counts.set(gram, (counts.get(gram) ?? 0) + 1)
  }
  return counts
}

/** Precision and recall, each the mean over the orders that both sides have, joined. */
function scoreOf(statistics: Float64Array): number {
  let precision = 0
  let recall = 0
  let counted = 0
  for (let n = 0; n < orders; n++) {
    const [ours, theirs, both] = statistics.subarray(3 * n, 3 * n + 3) as unknown as [number, number, number]
    if (ours === 0 || theirs === 0) continue
    precision += both / ours
    recall += both / theirs
    counted++
  }
  if (precision + recall === 0) return 0
  const [p, r] = [precision / counted, recall / counted]
  return (100 * (1 + beta2) * p * r) / (beta2 * p + r)
}
