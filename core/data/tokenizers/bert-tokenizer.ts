import { BertWords } from './bert-words.ts'
import { eosIdOf, maskIdOf, padIdOf, type Specials, specialIds, specialsOf, tokensById } from './special-tokens.ts'
import type { Encoding, Tokenizer } from './tokenizer.ts'
import type { TokenizerJson, WordPieceModel } from './tokenizer-json.ts'
import { WordPiece } from './word-piece.ts'

interface BertNormalizer {
  readonly clean_text?: boolean
  readonly handle_chinese_chars?: boolean
  readonly strip_accents?: boolean | null
  readonly lowercase?: boolean
}

/** Whether this is BERT's pipeline, with added tokens that are cut out of the text as they stand. */
export function isBertTokenizer(json: TokenizerJson): json is TokenizerJson & { model: WordPieceModel } {
  return (
    json.normalizer?.type === 'BertNormalizer' &&
    json.pre_tokenizer?.type === 'BertPreTokenizer' &&
    json.model.type === 'WordPiece' &&
    (json.post_processor === null || ['TemplateProcessing', 'BertProcessing'].includes(json.post_processor.type)) &&
    json.added_tokens.every((token) => !token.normalized && !token.lstrip && !token.rstrip && !token.single_word)
  )
}

/** Words whose ids are remembered; all are forgotten when there are more. */
const rememberedWords = 200_000

/**
 * BERT's tokenizer, several times as fast as the library: WordPiece of a word is a pure function, and few words are new.
 * Tests hold it to the ids of transformers; only characters newer than the Unicode tables of that library differ.
 */
export class BertTokenizer implements Tokenizer {
  readonly padId: number
  readonly eosId: number | null
  readonly maskId: number | null
  readonly specials: Specials
  readonly vocabSize: number
  readonly hash: string
  private readonly words: BertWords
  private readonly wordPiece: WordPiece
  private readonly byId: readonly string[]
  private readonly special: ReadonlySet<number>
  /** Added tokens by their text, and a pattern that finds them. */
  private readonly added: ReadonlyMap<string, number>
  private readonly addedPattern: RegExp | null
  private readonly remembered = new Map<string, Int32Array>()

  constructor(json: TokenizerJson & { model: WordPieceModel }, settings: Record<string, unknown>, hash: string) {
    const normalizer = json.normalizer as BertNormalizer
    const lowercase = normalizer.lowercase ?? true
    this.words = new BertWords({
      cleanText: normalizer.clean_text ?? true,
      chineseCharacters: normalizer.handle_chinese_chars ?? true,
      stripAccents: normalizer.strip_accents ?? lowercase,
      lowercase,
    })
    this.wordPiece = new WordPiece(json.model)
    this.byId = tokensById(json)
    this.special = specialIds(json)
    this.vocabSize = this.byId.length
    this.padId = padIdOf(json, settings, this.byId)
    this.eosId = eosIdOf(settings, this.byId)
    this.maskId = maskIdOf(settings, this.byId)
    this.specials = specialsOf(json, this.byId)
    this.hash = hash
    this.added = new Map(json.added_tokens.map(({ content, id }) => [content, id]))
    // Longest first: a pattern takes the first alternative that fits.
    const contents = [...this.added.keys()].sort((a, b) => b.length - a.length).map(escapePattern)
    this.addedPattern = contents.length === 0 ? null : new RegExp(`(${contents.join('|')})`, 'u')
  }

  encode(text: string, maxLength: number): Encoding {
    const { before, after } = this.specials
    const room = maxLength - before.length - after.length
    const kept: number[] = []
    let length = before.length + after.length
    const sections = this.addedPattern === null ? [text] : text.split(this.addedPattern)
    for (const section of sections) {
      const special = this.added.get(section)
      if (special !== undefined) {
        length++
        if (kept.length < room) kept.push(special)
        continue
      }
      for (const piece of this.words.split(section)) {
        const ids = this.idsOf(piece)
        length += ids.length
        for (let i = 0; i < ids.length && kept.length < room; i++) kept.push(ids[i] as number)
      }
    }
    return { ids: Int32Array.from([...before, ...kept, ...after]), length }
  }

  encodePlain(text: string): Int32Array {
    const { ids } = this.encode(text, Number.MAX_SAFE_INTEGER)
    const { before, after } = this.specials
    return ids.subarray(before.length, ids.length - after.length)
  }

  isSpecial(id: number): boolean {
    return this.special.has(id)
  }

  decode(ids: readonly number[]): string {
    const special = new Set([...this.specials.before, ...this.specials.after])
    return this.tokens(ids.filter((id) => !special.has(id)))
      .join(' ')
      .replaceAll(' ##', '')
  }

  tokens(ids: ArrayLike<number>): string[] {
    return Array.from(ids, (id) => this.byId[id] ?? '')
  }

  private idsOf(piece: string): Int32Array {
    const known = this.remembered.get(piece)
    if (known) return known
    const ids: number[] = []
    for (const word of this.words.parts(piece)) this.wordPiece.encode(word, ids)
    const found = Int32Array.from(ids)
    if (this.remembered.size >= rememberedWords) this.remembered.clear()
    this.remembered.set(piece, found)
    return found
  }
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
