import type { TokenizerJson } from '../tokenizer-json.ts'
import { GrowingTrie, PieceTrie } from './piece-trie.ts'
import { countCharacters, type WordCounts } from './words.ts'

/**
 * The unigram language model (Kudo 2018), as SentencePiece trains it: begin with very many substrings, estimate their
 * probabilities by EM over all ways to cut the words, throw out those whose loss costs least, and so on until the wanted
 * number is left. References: sentencepiece, unigram_model_trainer.cc; huggingface/tokenizers, models/unigram.
 * Unlike them, words are at most 48 characters long (longer ones are cut), so that probabilities need no logarithms while
 * they are summed, and what a piece begins with decides among equals, so the outcome depends on the words alone.
 */

const longestWord = 48
const longestPiece = 16
/** Of all characters in the text, so much is covered by the alphabet; the rest is unknown. */
const coverage = 0.9995
/** Substrings to begin with, for each piece wanted. */
const seedsPerPiece = 12
const leastSeeds = 20_000
const shrink = 0.75
const roundsBetween = 2

/** Stands for a space, in front of each word. */
export const spaceMark = '▁'

/** Pieces that are left, of so many to begin with, on the way to so many wanted. May throw to stop. */
export type UnigramProgress = (left: number, first: number, wanted: number) => void

/** Words of a text as Metaspace cuts it: each with the mark in front. */
export function splitMetaspace(text: string): string[] {
  const normal = text.normalize('NFKC').replace(/ {2,}/g, ' ')
  if (normal === '') return []
  const marked = (normal.startsWith(' ') ? '' : spaceMark) + normal.replaceAll(' ', spaceMark)
  return marked.split(/(?=▁)/u)
}

/** Words as numbers of the alphabet, and how often each occurs. */
interface Corpus {
  readonly words: readonly Int32Array[]
  readonly counts: Float64Array
}

interface Pieces {
  /** The single characters come first, and always stay. */
  readonly ids: readonly Int32Array[]
  /** Probabilities. */
  readonly shares: Float64Array
}

/** Ids: special tokens, then pieces by probability. The special token at `unknown` stands for characters out of the alphabet. */
export function trainUnigram(
  words: WordCounts,
  specials: readonly string[],
  { vocabSize, unknown }: { vocabSize: number; unknown: number },
  onPieces: UnigramProgress,
): Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'> {
  const wanted = vocabSize - specials.length
  const alphabet = alphabetOf(words, wanted)
  const corpus = corpusOf(words, alphabet)
  const pieces = prune(seedPieces(corpus, alphabet.length, wanted), corpus, alphabet.length, wanted, onPieces)
  const read = (piece: Int32Array) => Array.from(piece, (id) => alphabet[id] as string).join('')
  const learned = pieces.ids
    .map((piece, i): [string, number] => [read(piece), rounded(Math.log(pieces.shares[i] as number))])
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFKC' }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }],
    },
    pre_tokenizer: { type: 'Metaspace', replacement: spaceMark, prepend_scheme: 'always', split: true },
    decoder: { type: 'Metaspace', replacement: spaceMark, prepend_scheme: 'always', split: true },
    model: {
      type: 'Unigram',
      unk_id: unknown,
      vocab: [...specials.map((token): [string, number] => [token, 0]), ...learned],
      byte_fallback: false,
    },
  }
}

/**
 * To a multiple of 2⁻²⁰: then every sum of them is exact, and two ways to cut a word that are as good as each other are
 * so for every program, however it adds up.
 */
function rounded(value: number): number {
  return Math.round(value * 2 ** 20) / 2 ** 20
}

/** The mark, and the most frequent characters until the coverage is reached, or half of the pieces wanted. */
function alphabetOf(words: WordCounts, wanted: number): string[] {
  const counted = countCharacters(words).filter(([character]) => character !== spaceMark)
  const total = counted.reduce((sum, [, count]) => sum + count, 0)
  const kept = [spaceMark]
  let covered = 0
  for (const [character, count] of counted) {
    if (covered >= coverage * total || 2 * kept.length >= wanted) break
    kept.push(character)
    covered += count
  }
  return kept
}

/** Words in pieces of known characters. */
function corpusOf(words: WordCounts, alphabet: readonly string[]): Corpus {
  const idOf = new Map(alphabet.map((character, id) => [character, id]))
  const found = new Map<string, { ids: number[]; count: number }>()
  const keep = (ids: number[], count: number) => {
    if (ids.length === 0) return
    const key = ids.join()
    const known = found.get(key)
    if (known) known.count += count
    else found.set(key, { ids, count })
  }
  for (const [word, count] of words) {
    let ids: number[] = []
    for (const character of word) {
      const id = idOf.get(character)
      if (id === undefined || ids.length === longestWord) {
        keep(ids, count)
        ids = []
      }
      if (id !== undefined) ids.push(id)
    }
    keep(ids, count)
  }
  const all = [...found.values()]
  return { words: all.map(({ ids }) => Int32Array.from(ids)), counts: Float64Array.from(all, ({ count }) => count) }
}

/** Every character, and the substrings that cover most of the text: by count times length. */
function seedPieces(corpus: Corpus, characters: number, wanted: number): Pieces {
  const { single, several } = countSubstrings(corpus, characters)
  several.sort((a, b) => b.count * b.length - a.count * a.length || a.node - b.node)
  const chosen = several.slice(0, Math.max(leastSeeds, seedsPerPiece * wanted))
  const ids = [...Array.from(single, (_, id) => Int32Array.of(id)), ...chosen.map(({ read }) => read())]
  return { ids, shares: normalised([...single, ...chosen.map(({ count }) => count)]) }
}

interface Substring {
  readonly node: number
  readonly length: number
  readonly count: number
  read(): Int32Array
}

/**
 * How often each character occurs, and each substring that does so twice at least. One character longer each time, and
 * only where what is there already occurs twice: most substrings are never looked at.
 */
function countSubstrings(
  { words, counts }: Corpus,
  characters: number,
): { single: Float64Array; several: Substring[] } {
  const trie = new GrowingTrie()
  const size = words.reduce((sum, word) => sum + word.length, 0)
  /** By place in the text: the substring that begins there so far, the end of its word, and what the word counts. */
  const nodes = new Int32Array(size)
  const ends = new Int32Array(size)
  const text = new Int32Array(size)
  const weights = new Float64Array(size)
  let at = 0
  words.forEach((word, index) => {
    text.set(word, at)
    ends.fill(at + word.length, at, at + word.length)
    weights.fill(counts[index] as number, at, at + word.length)
    at += word.length
  })
  let living = Int32Array.from({ length: size }, (_, place) => place)
  for (let length = 1; length <= longestPiece && living.length > 0; length++) {
    living = living.filter((place) => place + length <= (ends[place] as number))
    for (const place of living) {
      const node = trie.add(nodes[place] as number, text[place + length - 1] as number)
      nodes[place] = node
      trie.counts[node] = (trie.counts[node] as number) + (weights[place] as number)
    }
    living = living.filter((place) => (trie.counts[nodes[place] as number] as number) >= 2)
  }
  const single = new Float64Array(characters)
  const several: Substring[] = []
  for (let node = 1; node < trie.size; node++) {
    const [length, count] = [trie.depths[node] as number, trie.counts[node] as number]
    if (length === 1) single[trie.symbols[node] as number] = count
    else if (count >= 2) several.push({ node, length, count, read: () => trie.read(node) })
  }
  return { single, several }
}

function normalised(counts: ArrayLike<number>): Float64Array {
  const total = Array.from(counts).reduce((sum, count) => sum + count, 0)
  return Float64Array.from(counts, (count) => count / total)
}

function prune(seeds: Pieces, corpus: Corpus, characters: number, wanted: number, tell: UnigramProgress): Pieces {
  let pieces = seeds
  const first = seeds.ids.length
  // A tenth more, of which the likeliest are taken at the end.
  const goal = Math.max(Math.ceil(1.1 * wanted), characters)
  while (true) {
    for (let round = 0; round < roundsBetween; round++) {
      tell(pieces.ids.length, first, wanted)
      pieces = maximised(pieces, expectations(pieces, corpus), characters)
    }
    if (pieces.ids.length <= goal) break
    const kept = Math.max(goal, Math.floor(shrink * pieces.ids.length))
    const before = pieces.ids.length
    pieces = withoutUseless(pieces, corpus, characters, kept)
    if (pieces.ids.length === before) break
  }
  return likeliest(pieces, characters, wanted)
}

/** Each piece's expected count over all ways to cut the words. */
function expectations({ ids, shares }: Pieces, { words, counts }: Corpus): Float64Array {
  const trie = new PieceTrie(ids)
  const expected = new Float64Array(ids.length)
  const forward = new Float64Array(longestWord + 1)
  const backward = new Float64Array(longestWord + 1)
  words.forEach((word, index) => {
    const n = word.length
    forward.fill(0, 0, n + 1)
    forward[0] = 1
    eachPiece(trie, word, (piece, start, end) => {
      forward[end] = (forward[end] as number) + (forward[start] as number) * (shares[piece] as number)
    })
    const total = forward[n] as number
    if (total === 0) return
    backward.fill(0, 0, n + 1)
    backward[n] = 1
    for (let start = n - 1; start >= 0; start--) {
      let node = 0
      let sum = 0
      for (let end = start + 1; end <= n; end++) {
        node = trie.step(node, word[end - 1] as number)
        if (node < 0) break
        const piece = trie.pieceAt[node] as number
        if (piece < 0) continue
        const path = (shares[piece] as number) * (backward[end] as number)
        sum += path
        const share = ((forward[start] as number) * path * (counts[index] as number)) / total
        expected[piece] = (expected[piece] as number) + share
      }
      backward[start] = sum
    }
  })
  return expected
}

/** Every piece that the word has, from the left. */
function eachPiece(trie: PieceTrie, word: Int32Array, tell: (piece: number, start: number, end: number) => void): void {
  for (let start = 0; start < word.length; start++) {
    let node = 0
    for (let end = start + 1; end <= word.length; end++) {
      node = trie.step(node, word[end - 1] as number)
      if (node < 0) break
      const piece = trie.pieceAt[node] as number
      if (piece >= 0) tell(piece, start, end)
    }
  }
}

/** Pieces that are expected less often than every other word go; the others' probabilities are as Bayes would have them. */
function maximised({ ids }: Pieces, expected: Float64Array, characters: number): Pieces {
  const kept = ids.map((_, i) => i).filter((i) => i < characters || (expected[i] as number) >= 0.5)
  // A character that is nowhere by itself must stay possible.
  const counts = kept.map((i) => Math.max(expected[i] as number, 0.5))
  const total = digamma(counts.reduce((sum, count) => sum + count, 0))
  return {
    ids: kept.map((i) => ids[i] as Int32Array),
    shares: Float64Array.from(counts, (count) => Math.exp(digamma(count) - total)),
  }
}

/** ψ(x), by its recurrence and its asymptotic series. */
function digamma(value: number): number {
  let x = value
  let result = 0
  while (x < 7) result -= 1 / x++
  x -= 0.5
  const inverse = 1 / (x * x)
  const series = inverse * (1 / 24 - inverse * (7 / 960 - inverse * (31 / 8064 - (inverse * 127) / 30_720)))
  return result + Math.log(x) + series
}

/** The `count` pieces that are worth most: by how much less likely the text is when each is replaced by others. */
function withoutUseless(pieces: Pieces, corpus: Corpus, characters: number, count: number): Pieces {
  const { ids, shares } = pieces
  const trie = new PieceTrie(ids)
  const used = new Float64Array(ids.length)
  corpus.words.forEach((word, index) => {
    for (const piece of bestCut(trie, shares, word, -1)) {
      used[piece] = (used[piece] as number) + (corpus.counts[index] as number)
    }
  })
  const total = used.reduce((sum, times) => sum + times, 0)
  const worth = ids.map((piece, i) => {
    if (i < characters) return Number.POSITIVE_INFINITY
    const times = used[i] as number
    if (times === 0) return Number.NEGATIVE_INFINITY
    const others = bestCut(trie, shares, piece, i)
    const all = Math.log(total + times * (others.length - 1))
    const replaced = others.reduce((sum, other) => sum + Math.log((used[other] as number) + times) - all, 0)
    return (times / total) * (Math.log(times) - Math.log(total) - replaced)
  })
  return chosen(pieces, best(worth, count))
}

function likeliest(pieces: Pieces, characters: number, wanted: number): Pieces {
  const worth = Array.from(pieces.shares, (share, i) => (i < characters ? Number.POSITIVE_INFINITY : share))
  const { ids, shares } = chosen(pieces, best(worth, wanted))
  return { ids, shares: normalised(shares) }
}

/** The places of the largest, ascending; of equals the first. */
function best(worth: readonly number[], count: number): number[] {
  const order = worth.map((_, i) => i).sort((a, b) => compare(worth[b] as number, worth[a] as number) || a - b)
  return order.slice(0, count).sort((a, b) => a - b)
}

/** Infinite ones are equal, where their difference is no number. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b
}

function chosen({ ids, shares }: Pieces, places: readonly number[]): Pieces {
  return {
    ids: places.map((i) => ids[i] as Int32Array),
    shares: Float64Array.from(places, (i) => shares[i] as number),
  }
}

/** The likeliest way to cut a word, without the piece `except`. */
function bestCut(trie: PieceTrie, shares: Float64Array, word: Int32Array, except: number): number[] {
  const n = word.length
  const likelihood = new Float64Array(n + 1)
  const last = new Int32Array(n + 1).fill(-1)
  const begin = new Int32Array(n + 1)
  likelihood[0] = 1
  eachPiece(trie, word, (piece, start, end) => {
    if (piece === except) return
    const path = (likelihood[start] as number) * (shares[piece] as number)
    if (path <= (likelihood[end] as number)) return
    likelihood[end] = path
    last[end] = piece
    begin[end] = start
  })
  const cut: number[] = []
  for (let end = n; end > 0 && (last[end] as number) >= 0; end = begin[end] as number) cut.unshift(last[end] as number)
  return cut
}
