/**
 * Byte-pair encoding's training (Sennrich et al. 2016): the pair of neighbouring symbols that occurs most is made one,
 * again and again. Ties go to the pair of smaller ids, as in huggingface/tokenizers (models/bpe/trainer.rs), so the
 * outcome depends on the words alone.
 */
export interface Merge {
  readonly left: number
  readonly right: number
  /** The id of both together. */
  readonly made: number
}

export interface PairMergeOptions {
  /** Ids that may be in use at the end. */
  readonly vocabSize: number
  /** Pairs that occur less often stay two. */
  readonly minCount: number
  /** How two symbols read when they are one. */
  readonly join: (left: string, right: string) => string
  /** Told how many symbols there are; may throw to stop. */
  readonly onSymbols: (count: number) => void
}

/** More than any id: a pair is one number. */
const pairBase = 2 ** 22

/**
 * The merges, most frequent first. `symbols` (by id) grows by what is made. `words` are symbols, changed in place, and
 * `counts` how often each word occurs.
 */
export function learnMerges(
  symbols: string[],
  words: readonly Int32Array[],
  counts: ArrayLike<number>,
  { vocabSize, minCount, join, onSymbols }: PairMergeOptions,
): Merge[] {
  const idOf = new Map(symbols.map((symbol, id) => [symbol, id]))
  const lengths = Int32Array.from(words, (word) => word.length)
  const pairs = new PairCounts()
  words.forEach((word, index) => {
    for (let i = 0; i + 1 < word.length; i++) {
      pairs.add((word[i] as number) * pairBase + (word[i + 1] as number), counts[index] as number, index)
    }
  })
  const queue = new PairQueue()
  for (const [pair, count] of pairs.counts) queue.push(pair, count)

  const merges: Merge[] = []
  while (symbols.length < vocabSize) {
    const pair = queue.next(pairs.counts)
    if (pair === null || (pairs.counts.get(pair) as number) < minCount) break
    const [left, right] = [Math.floor(pair / pairBase), pair % pairBase]
    const text = join(symbols[left] as string, symbols[right] as string)
    const made = idOf.get(text) ?? symbols.length
    if (made === symbols.length) {
      symbols.push(text)
      idOf.set(text, made)
    }
    merges.push({ left, right, made })
    const changed = new Set<number>()
    for (const index of pairs.take(pair)) {
      const word = words[index] as Int32Array
      const length = lengths[index] as number
      lengths[index] = mergeIn(word, length, left, right, made, (before, after, change) => {
        const key = before * pairBase + after
        pairs.add(key, change * (counts[index] as number), index)
        if (change > 0) changed.add(key)
      })
    }
    for (const key of changed) queue.push(key, pairs.counts.get(key) as number)
    if (merges.length % 64 === 0) onSymbols(symbols.length)
  }
  return merges
}

/** Makes every pair in a word one, from the left; tells of each neighbouring pair that went or came. → the new length */
function mergeIn(
  word: Int32Array,
  length: number,
  left: number,
  right: number,
  made: number,
  tell: (before: number, after: number, change: 1 | -1) => void,
): number {
  let to = 0
  for (let from = 0; from < length; from++) {
    const isPair = word[from] === left && from + 1 < length && word[from + 1] === right
    if (!isPair) {
      word[to++] = word[from] as number
      continue
    }
    if (to > 0) {
      const before = word[to - 1] as number
      tell(before, left, -1)
      tell(before, made, 1)
    }
    if (from + 2 < length) {
      const after = word[from + 2] as number
      tell(right, after, -1)
      tell(made, after, 1)
    }
    word[to++] = made
    from++
  }
  return to
}

/** How often pairs occur, and in which words. */
class PairCounts {
  readonly counts = new Map<number, number>()
  private readonly places = new Map<number, number[]>()

  add(pair: number, change: number, word: number): void {
    this.counts.set(pair, (this.counts.get(pair) ?? 0) + change)
    if (change < 0) return
    const places = this.places.get(pair)
    if (!places) this.places.set(pair, [word])
    else if (places.at(-1) !== word) places.push(word)
  }

  /** The words that a pair may be in, each once; the pair is then gone. */
  take(pair: number): Set<number> {
    const places = new Set(this.places.get(pair))
    this.places.delete(pair)
    this.counts.delete(pair)
    return places
  }
}

/** Pairs by count, largest first, then by their ids; an entry whose count has changed is put back where it belongs. */
class PairQueue {
  private readonly pairs: number[] = []
  private readonly counts: number[] = []

  push(pair: number, count: number): void {
    let at = this.pairs.length
    this.pairs.push(pair)
    this.counts.push(count)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.precedes(at, above)) return
      this.swap(at, above)
      at = above
    }
  }

  /** The pair that occurs most now, taken out; null when none is left. */
  next(present: ReadonlyMap<number, number>): number | null {
    while (this.pairs.length > 0) {
      const [pair, count] = [this.pairs[0] as number, this.counts[0] as number]
      this.removeFirst()
      const now = present.get(pair) ?? 0
      if (now === count && now > 0) return pair
      if (now > 0) this.push(pair, now)
    }
    return null
  }

  private removeFirst(): void {
    const last = this.pairs.length - 1
    this.swap(0, last)
    this.pairs.pop()
    this.counts.pop()
    let at = 0
    while (true) {
      let first = at
      for (const below of [2 * at + 1, 2 * at + 2]) if (below < last && this.precedes(below, first)) first = below
      if (first === at) return
      this.swap(at, first)
      at = first
    }
  }

  private precedes(a: number, b: number): boolean {
    const more = (this.counts[a] as number) - (this.counts[b] as number)
    return more > 0 || (more === 0 && (this.pairs[a] as number) < (this.pairs[b] as number))
  }

  private swap(a: number, b: number): void {
    const [pair, count] = [this.pairs[a] as number, this.counts[a] as number]
    this.pairs[a] = this.pairs[b] as number
    this.counts[a] = this.counts[b] as number
    this.pairs[b] = pair
    this.counts[b] = count
  }
}
