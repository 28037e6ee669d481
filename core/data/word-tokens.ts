import type { Tokenizer } from './tokenizers/tokenizer.ts'

/** Tokens that know which part of a text they are of; special tokens are not among them. */
export interface WordTokens {
  readonly ids: number[]
  /** Of each token: the word that it is of. */
  readonly words: number[]
  /** Of each token: its beginning and end in the text, in UTF-16 code units. */
  readonly starts: number[]
  readonly ends: number[]
}

export interface Word {
  readonly text: string
  /** In the text that it is of. */
  readonly start: number
}

const spacedWord = /[^\s]+/gu

/** The words of a text: what stands between white space. */
export function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(spacedWord), ({ 0: word, index }) => ({ text: word, start: index }))
}

/**
 * Each word's tokens by itself, as amid a text: with a space before it, which tokenizers that know spaces make part of
 * the word (the first word of a running text has none, `firstSpaced` false). White space between words does not count. A
 * token's place is told to the character where the word's tokens spell it out, else it is the whole word's.
 */
export function encodeWords(tokenizer: Tokenizer, words: readonly Word[], firstSpaced: boolean): WordTokens {
  const tokens: WordTokens = { ids: [], words: [], starts: [], ends: [] }
  const { before, after } = tokenizer.specials
  const remembered = new Map<string, { ids: number[]; lengths: number[] | null }>()
  for (const [index, { text, start }] of words.entries()) {
    const spaced = firstSpaced || index > 0 ? ` ${text}` : text
    let found = remembered.get(spaced)
    if (!found) {
      const whole = tokenizer.encode(spaced, Number.MAX_SAFE_INTEGER).ids
      const ids = Array.from(whole.subarray(before.length, whole.length - after.length))
      found = { ids, lengths: lengthsOf(tokenizer.tokens(ids), text) }
      remembered.set(spaced, found)
    }
    let at = start
    for (const [i, id] of found.ids.entries()) {
      const length = found.lengths?.[i]
      tokens.ids.push(id)
      tokens.words.push(index)
      tokens.starts.push(length === undefined ? start : at)
      tokens.ends.push(length === undefined ? start + text.length : at + length)
      at += length ?? 0
    }
  }
  return tokens
}

/** How many characters of the word each token stands for; null where they do not add up to it. */
function lengthsOf(tokens: readonly string[], word: string): number[] | null {
  const lengths = tokens.map((token) => token.replace(/^##|[Ġ▁]/gu, '').length)
  return lengths.reduce((sum, length) => sum + length, 0) === word.length ? lengths : null
}
