import { BertWords } from './bert-words.ts'
import { eosIdOf, padIdOf, specialIds, tokensById } from './special-tokens.ts'
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
  readonly vocabSize: number
  readonly hash: string
  private readonly words: BertWords
  private readonly wordPiece: WordPiece
  private readonly byId: readonly string[]
  private readonly specials: ReadonlySet<number>
  /** Added tokens by their text, and a pattern that finds them. */
  private readonly added: ReadonlyMap<string, number>
  private readonly addedPattern: RegExp | null
  private readonly before: readonly number[]
  private readonly after: readonly number[]
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
    this.specials = specialIds(json)
    this.vocabSize = this.byId.length
    this.padId = padIdOf(json, settings, this.byId)
    this.eosId = eosIdOf(settings, this.byId)
    this.hash = hash
    this.added = new Map(json.added_tokens.map(({ content, id }) => [content, id]))
    // Longest first: a pattern takes the first alternative that fits.
    const contents = [...this.added.keys()].sort((a, b) => b.length - a.length).map(escapePattern)
    this.addedPattern = contents.length === 0 ? null : new RegExp(`(${contents.join('|')})`, 'u')
    const around = specialsAround(json, (token) => this.byId.indexOf(token))
    this.before = around.before
    this.after = around.after
  }

  encode(text: string, maxLength: number): Encoding {
    const room = maxLength - this.before.length - this.after.length
    const kept: number[] = []
    let length = this.before.length + this.after.length
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
    return { ids: Int32Array.from([...this.before, ...kept, ...this.after]), length }
  }

  encodePlain(text: string): Int32Array {
    const { ids } = this.encode(text, Number.MAX_SAFE_INTEGER)
    return ids.subarray(this.before.length, ids.length - this.after.length)
  }

  isSpecial(id: number): boolean {
    return this.specials.has(id)
  }

  decode(ids: readonly number[]): string {
    const special = new Set([...this.before, ...this.after])
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

/** Ids that go before and after a text: [CLS] and [SEP]. */
function specialsAround(
  { post_processor: processor }: TokenizerJson,
  idOf: (token: string) => number,
): { before: number[]; after: number[] } {
  if (processor === null) return { before: [], after: [] }
  if (processor.type === 'BertProcessing') {
    const { cls, sep } = processor as unknown as { cls: [string, number]; sep: [string, number] }
    return { before: [idOf(cls[0])], after: [idOf(sep[0])] }
  }
  const { single } = processor as unknown as { single: ({ SpecialToken: { id: string } } | { Sequence: unknown })[] }
  const text = single.findIndex((part) => 'Sequence' in part)
  const ids = (parts: typeof single) =>
    parts.flatMap((part) => ('SpecialToken' in part ? [idOf(part.SpecialToken.id)] : []))
  return { before: ids(single.slice(0, text)), after: ids(single.slice(text)) }
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
