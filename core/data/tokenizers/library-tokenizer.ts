import { Tokenizer as Library } from '@huggingface/tokenizers'
import { eosIdOf, maskIdOf, padIdOf, type Specials, specialIds, specialsOf, tokensById } from './special-tokens.ts'
import type { Encoding, Tokenizer } from './tokenizer.ts'
import type { TokenizerJson } from './tokenizer-json.ts'

/** Any other checked tokenizer.json, run by @huggingface/tokenizers. */
export class LibraryTokenizer implements Tokenizer {
  readonly padId: number
  readonly eosId: number | null
  readonly maskId: number | null
  readonly specials: Specials
  readonly vocabSize: number
  readonly hash: string
  private readonly library: Library
  private readonly byId: readonly string[]
  private readonly special: ReadonlySet<number>
  /** Special tokens that go before and after a text. */
  private readonly before: number
  private readonly after: number

  constructor(json: TokenizerJson, settings: Record<string, unknown>, hash: string) {
    this.library = new Library(json, settings)
    this.byId = tokensById(json)
    this.special = specialIds(json)
    this.vocabSize = this.byId.length
    this.padId = padIdOf(json, settings, this.byId)
    this.eosId = eosIdOf(settings, this.byId)
    this.maskId = maskIdOf(settings, this.byId)
    this.specials = specialsOf(json, this.byId)
    this.hash = hash
    const specials: number[] = this.library.encode('').ids
    const around: number[] = this.library.encode(this.byId.find((token) => /^[a-z]$/.test(token)) ?? 'a').ids
    const shared = around.findIndex((id, i) => id !== specials[i])
    this.before = shared < 0 ? specials.length : Math.min(shared, specials.length)
    this.after = specials.length - this.before
  }

  encode(text: string, maxLength: number): Encoding {
    const ids: number[] = this.library.encode(text).ids
    if (ids.length <= maxLength) return { ids: Int32Array.from(ids), length: ids.length }
    const head = ids.slice(0, Math.max(this.before, maxLength - this.after))
    const tail = this.after === 0 ? [] : ids.slice(-this.after)
    return { ids: Int32Array.from([...head, ...tail]), length: ids.length }
  }

  encodePlain(text: string): Int32Array {
    return Int32Array.from(this.library.encode(text, { add_special_tokens: false }).ids)
  }

  isSpecial(id: number): boolean {
    return this.special.has(id)
  }

  decode(ids: readonly number[]): string {
    if (ids.length === 0) return ''
    return this.library.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false })
  }

  tokens(ids: ArrayLike<number>): string[] {
    return Array.from(ids, (id) => this.byId[id] ?? '')
  }
}
