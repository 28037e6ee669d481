/** Token ids to text, token by token: see Tokenizer.decode. */
type Decode = (ids: readonly number[]) => string

/** What a byte-level tokenizer gives for bytes that are no whole character (yet). */
const unfinished = '\uFFFD'

/**
 * Turns a row's tokens into text as they come. What may still change is held back: characters of which only some bytes
 * are there, and what may become a stop string. How a token reads can depend on the one before it, so each is decoded
 * together with those since the last whole character.
 */
export class TextStream {
  /** True once a stop string has come up; the text ends before it. */
  stopped = false
  private readonly decode: Decode
  private readonly stops: readonly string[]
  private readonly ids: number[] = []
  /** Tokens before `read` have been turned into text; decoding begins at `from`, for their sake. */
  private from = 0
  private read = 0
  private held = ''

  constructor(decode: Decode, stops: readonly string[]) {
    this.decode = decode
    this.stops = stops
  }

  /** The text that is certain with this token; often empty. */
  push(id: number): string {
    if (this.stopped) return ''
    this.ids.push(id)
    const before = this.decode(this.ids.slice(this.from, this.read))
    const now = this.decode(this.ids.slice(this.from))
    if (now.length <= before.length || now.endsWith(unfinished)) return ''
    this.from = this.read
    this.read = this.ids.length
    return this.release(now.slice(before.length))
  }

  /** What is still held back when the row has ended. */
  end(): string {
    if (this.stopped) return ''
    const before = this.decode(this.ids.slice(this.from, this.read))
    const rest = this.release(this.decode(this.ids.slice(this.from)).slice(before.length))
    const last = this.stopped ? '' : this.held
    this.held = ''
    return rest + last
  }

  private release(more: string): string {
    const text = this.held + more
    const found = this.stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
    if (found.length > 0) {
      this.stopped = true
      return text.slice(0, Math.min(...found))
    }
    const keep = Math.max(0, ...this.stops.map((stop) => beginningAtEnd(text, stop)))
    this.held = text.slice(text.length - keep)
    return text.slice(0, text.length - keep)
  }
}

/** Length of the longest end of `text` that `stop` begins with. */
function beginningAtEnd(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length
  }
  return 0
}
