import { AttuneError } from '../contract/errors.ts'
import type { RowStore } from './row-store.ts'
import { readTokenTable, type TokenFacts, type TokenTable, writeTokenTable } from './token-table.ts'
import type { Encoding, Tokenizer, TokenizerFiles } from './tokenizers/tokenizer.ts'

/** The rows of a dataset as token ids. */
export interface RowTokens {
  /** Tokens of a row, cut to `maxLength`: see Tokenizer.encode. */
  encode(row: number, maxLength: number): Encoding
  readonly padId: number
  readonly eosId: number | null
}

/**
 * Tokenises rows when they are asked for, and remembers them beside the dataset: what an earlier run tokenised in the
 * same way is read back, and where that is all of it the tokenizer is not even built.
 */
export class RememberedTokens implements RowTokens {
  /** Rows that were asked for, and those of them that an earlier run had tokenised. */
  asked = 0
  known = 0
  private readonly store: RowStore
  private readonly files: TokenizerFiles | null
  private readonly remembers: boolean
  private built: Tokenizer | null = null
  private table: { maxLength: number; earlier: TokenTable | null; fresh: Map<number, Encoding> } | null = null

  constructor(store: RowStore, files: TokenizerFiles | null, remembers: boolean) {
    this.store = store
    this.files = files
    this.remembers = remembers
  }

  /** 0 where there is no tokenizer. */
  get padId(): number {
    return this.files === null ? 0 : this.facts.padId
  }

  /** SHA-256 of the tokenizer, hex; empty where there is none. */
  get hash(): string {
    return this.files?.hash ?? ''
  }

  get eosId(): number | null {
    return this.facts.eosId
  }

  encode(row: number, maxLength: number): Encoding {
    const { earlier, fresh } = this.open(maxLength)
    this.asked++
    const remembered = earlier?.get(row) ?? null
    if (remembered !== null) {
      this.known++
      return remembered
    }
    const encoding = this.tokenizer.encode(this.store.read(row).text, maxLength)
    if (this.remembers) fresh.set(row, encoding)
    return encoding
  }

  /** Writes what was tokenised anew. A disk that cannot take it costs the tokenising again next time, nothing else. */
  remember(): void {
    if (this.table === null || this.table.fresh.size === 0) return
    const { maxLength, earlier, fresh } = this.table
    const get = (row: number) => fresh.get(row) ?? earlier?.get(row) ?? null
    const { padId, eosId, vocabSize } = this.tokenizer
    writeTokenTable(this.store, this.requiredFiles, maxLength, { padId, eosId, vocabSize }, get)
  }

  private get facts(): TokenFacts {
    return this.table?.earlier?.facts ?? this.tokenizer
  }

  /** Built when it is first asked for. Throws AttuneError: not_found (there is none), and as TokenizerFiles.build. */
  get tokenizer(): Tokenizer {
    this.built ??= this.requiredFiles.build()
    return this.built
  }

  private get requiredFiles(): TokenizerFiles {
    if (this.files !== null) return this.files
    throw new AttuneError('not_found', 'This model has no tokenizer: it cannot read texts. Choose one that has.')
  }

  private open(maxLength: number): NonNullable<typeof this.table> {
    this.table ??= {
      maxLength,
      earlier: this.remembers ? readTokenTable(this.store, this.requiredFiles, maxLength) : null,
      fresh: new Map(),
    }
    if (this.table.maxLength !== maxLength) {
      throw new AttuneError('internal', `Rows were cut to ${this.table.maxLength} tokens, and then to ${maxLength}.`)
    }
    return this.table
  }
}
