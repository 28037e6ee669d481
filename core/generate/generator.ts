import { setImmediate as nextTurn } from 'node:timers/promises'
import { AttuneError } from '../contract/errors.ts'
import type { FinishReason, GenerationOptions } from '../contract/generation.ts'
import type { Session, Values } from '../engine/engine.ts'
import { uniform } from '../util/random.ts'
import type { Memory } from './memory.ts'
import { decodeProgram, prefillProgram } from './programs.ts'
import { nextToken } from './sample.ts'

export type TokenOptions = Omit<GenerationOptions, 'stop_strings'>

/** A token that a row goes on with, or the end of the row; the token that ends a text is not told. */
export type NewToken =
  | { readonly row: number; readonly id: number }
  | { readonly row: number; readonly finish: FinishReason }

export interface GenerationControl {
  readonly signal?: AbortSignal
  /** Asked of every token: whether the row's text is complete with it. */
  readonly ended?: (row: number, id: number) => boolean
}

export interface GeneratorLayout {
  readonly memory: Memory
  /** Prompt lengths that there are programs for, ascending. */
  readonly prefillLengths: readonly number[]
  /** Tokens a row has room for. */
  readonly maxPositions: number
  readonly vocabSize: number
  /** Tokens that end a text. */
  readonly endIds: readonly number[]
}

/** One text under way. */
interface Row {
  readonly seen: Set<number>
  /** Position of the token that is read next. */
  position: number
  /** That token. */
  next: number
  generated: number
  finish: FinishReason | null
}

/** Continues token sequences, several at once, in a session that holds the weights and the cache. */
export class TokenGenerator {
  readonly layout: GeneratorLayout
  private readonly session: Session
  private busy = false

  /** The session has the programs of generationSpec for this layout, and its cache has been reset. */
  constructor(session: Session, layout: GeneratorLayout) {
    this.session = session
    this.layout = layout
  }

  get engine(): Session['engine'] {
    return this.session.engine
  }

  /**
   * Yields every token as soon as it is there, and the end of every row. A draw depends on the seed, the row and how many
   * tokens came before, on nothing else. Throws AttuneError bad_request for prompts that cannot be continued, conflict
   * while it is at work already.
   */
  async *generate(
    prompts: readonly ArrayLike<number>[],
    options: TokenOptions,
    { signal, ended = () => false }: GenerationControl = {},
  ): AsyncGenerator<NewToken, void, undefined> {
    this.check(prompts)
    if (this.busy) throw new AttuneError('conflict', 'The generator is at work on another text. Wait for its end.')
    this.busy = true
    try {
      let logits = this.prefill(prompts)
      const rows = prompts.map((prompt): Row => {
        return { seen: new Set(Array.from(prompt)), position: prompt.length, next: 0, generated: 0, finish: null }
      })
      while (true) {
        for (const [number, row] of rows.entries()) {
          if (row.finish === null) yield* this.advance(number, row, logits, options, ended)
        }
        if (rows.every(({ finish }) => finish !== null)) return
        // Lets the thread hear of a cancellation, and others have their turn.
        await nextTurn()
        if (signal?.aborted) {
          for (const [number, row] of rows.entries())
            if (row.finish === null) yield { row: number, finish: 'cancelled' }
          return
        }
        logits = this.decode(rows)
      }
    } finally {
      this.busy = false
    }
  }

  close(): void {
    this.session.close()
  }

  private *advance(
    number: number,
    row: Row,
    logits: Float32Array,
    options: TokenOptions,
    ended: (row: number, id: number) => boolean,
  ): Generator<NewToken, void, undefined> {
    const { vocabSize, endIds, maxPositions } = this.layout
    const own = logits.subarray(number * vocabSize, (number + 1) * vocabSize)
    const id = nextToken(own, row.seen, options, () => uniform(options.seed, number, row.generated))
    if (endIds.includes(id)) row.finish = 'end'
    else {
      row.seen.add(id)
      row.next = id
      row.generated++
      yield { row: number, id }
      if (ended(number, id)) row.finish = 'stop'
      else if (row.generated === options.max_new_tokens) row.finish = 'max_new_tokens'
      else if (row.position === maxPositions) row.finish = 'max_positions'
    }
    if (row.finish !== null) yield { row: number, finish: row.finish }
  }
  /** Logits [batch, vocabulary] behind each prompt; batch rows that no prompt fills read one token. */
  private prefill(prompts: readonly ArrayLike<number>[]): Float32Array {
    const { memory, prefillLengths } = this.layout
    const longest = prompts.reduce((most, { length }) => Math.max(most, length), 0)
    const length = prefillLengths.find((one) => one >= longest) as number
    const inputIds = new Int32Array(memory.batch * length)
    prompts.forEach((prompt, row) => {
      inputIds.set(prompt, row * length)
    })
    const lengths = Int32Array.from({ length: memory.batch }, (_, row) => prompts[row]?.length ?? 1)
    return this.run(prefillProgram(length), { input_ids: inputIds, lengths })
  }

  /** Reads the next token of every row. Rows that have ended read their last place over and over. */
  private decode(rows: readonly Row[]): Float32Array {
    const { memory, maxPositions } = this.layout
    const inputIds = new Int32Array(memory.batch)
    const positions = new Int32Array(memory.batch)
    let furthest = 0
    rows.forEach((row, i) => {
      inputIds[i] = row.next
      positions[i] = Math.min(row.position, maxPositions - 1)
      furthest = Math.max(furthest, positions[i] as number)
      if (row.finish === null) row.position++
    })
    const feeds = { input_ids: inputIds, ...memory.feedsAt(positions) }
    return this.run(decodeProgram(memory.reachFor(furthest)), feeds)
  }

  private run(program: string, feeds: Readonly<Record<string, Values>>): Float32Array {
    return this.session.run(program, feeds).logits as Float32Array
  }

  private check(prompts: readonly ArrayLike<number>[]): void {
    const { memory, maxPositions, vocabSize } = this.layout
    const refuse = (message: string) => new AttuneError('bad_request', message)
    if (prompts.length === 0 || prompts.length > memory.batch) {
      throw refuse(`${prompts.length} prompts were given, but 1 to ${memory.batch} can be continued at once.`)
    }
    for (const [row, prompt] of prompts.entries()) {
      if (prompt.length === 0) throw refuse(`Prompt ${row + 1} is empty: the model needs a token to begin with.`)
      if (prompt.length > maxPositions) {
        const message = `Prompt ${row + 1} has ${prompt.length} tokens, but the model reads only ${maxPositions}. Shorten it.`
        throw refuse(message)
      }
      const strange = Array.from(prompt).find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize)
      if (strange !== undefined) {
        throw refuse(`Prompt ${row + 1} has the token ${strange}, but the model only knows 0 to ${vocabSize - 1}.`)
      }
    }
  }
}
