import type { WordPieceModel } from './tokenizer-json.ts'

/**
 * WordPiece (Schuster and Nakajima 2012, as in BERT): the longest token that a word begins with, then the longest that
 * continues it, and so on; a word that cannot be put together is unknown as a whole.
 */
export class WordPiece {
  private readonly starts = new Map<string, number>()
  /** Tokens that continue a word, without their prefix ("##"). */
  private readonly continuations = new Map<string, number>()
  private readonly longest: number
  private readonly unknown: number
  private readonly maxCharacters: number

  constructor(model: WordPieceModel) {
    const { vocab, continuing_subword_prefix: prefix } = model
    let longest = 1
    for (const [token, id] of Object.entries(vocab)) {
      this.starts.set(token, id)
      if (token.startsWith(prefix)) this.continuations.set(token.slice(prefix.length), id)
      longest = Math.max(longest, token.length)
    }
    this.longest = longest
    this.unknown = vocab[model.unk_token] as number
    this.maxCharacters = model.max_input_chars_per_word
  }

  /** Ids of one word, appended to `ids`. */
  encode(word: string, ids: number[]): void {
    // Code points count; a word is at most twice as long in UTF-16.
    if (word.length > this.maxCharacters && Array.from(word).length > this.maxCharacters) {
      ids.push(this.unknown)
      return
    }
    const before = ids.length
    for (let start = 0; start < word.length; ) {
      const tokens = start === 0 ? this.starts : this.continuations
      let end = Math.min(word.length, start + this.longest)
      let id = tokens.get(word.slice(start, end))
      while (id === undefined && end > start + 1) id = tokens.get(word.slice(start, --end))
      if (id === undefined) {
        ids.length = before
        ids.push(this.unknown)
        return
      }
      ids.push(id)
      start = end
    }
  }
}
