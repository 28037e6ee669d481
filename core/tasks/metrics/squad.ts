/** How near an extracted answer comes to the right one. Source: the evaluation script of SQuAD 1.1 (Rajpurkar et al. 2016). */

/** Lower case, without punctuation, articles and further white space. */
export function normalisedAnswer(text: string): string {
  return text
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, '')
    .replace(/\b(?:a|an|the)\b/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .join(' ')
}

export function exactMatch(predicted: string, gold: string): number {
  return normalisedAnswer(predicted) === normalisedAnswer(gold) ? 1 : 0
}

/** F1 over the words of both, each as often as it occurs. Where one has none, 1 if neither has. */
export function answerF1(predicted: string, gold: string): number {
  const [said, truth] = [predicted, gold].map((text) => normalisedAnswer(text).split(' ').filter(Boolean)) as [
    string[],
    string[],
  ]
  if (said.length === 0 || truth.length === 0) return said.length === truth.length ? 1 : 0
  const left = new Map<string, number>()
  for (const word of truth) left.set(word, (left.get(word) ?? 0) + 1)
  let common = 0
  for (const word of said) {
    const count = left.get(word) ?? 0
    if (count === 0) continue
    left.set(word, count - 1)
    common++
  }
  return (2 * common) / (said.length + truth.length)
}
