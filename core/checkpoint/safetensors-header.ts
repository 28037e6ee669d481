import { AttuneError } from '../contract/errors.ts'
import { type Dtype, dtypeBytes, isDtype } from './dtypes.ts'

/**
 * The header of a safetensors file: a JSON object of tensor name → {dtype, shape, data_offsets}, and "__metadata__".
 * Read by a parser for exactly that grammar: JSON.parse would keep the last of two equal names without a word.
 * Rules as in the reference reader (huggingface/safetensors, lib.rs), and tighter where it is lenient.
 */

export interface TensorInfo {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  /** Bytes start..end−1 of the data part, which follows the header. */
  readonly start: number
  readonly end: number
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
}

/** Largest header accepted, as in the reference reader. */
export const maxHeaderBytes = 100_000_000
const maxTensors = 100_000
const maxRank = 8

/** `dataBytes`: what follows the header. `file` names the file in errors. Throws AttuneError bad_file, tensor named. */
export function parseHeader(bytes: Uint8Array, dataBytes: number, file: string): Header {
  const fail = (what: string) => new AttuneError('bad_file', `${file} is not a valid safetensors file: ${what}.`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw fail('its header is not UTF-8')
  }
  const header = new HeaderText(text, fail).header()
  checkLayout(header.tensors, dataBytes, fail)
  return header
}

/** Elements of a tensor. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

type Fail = (what: string) => AttuneError

/** Every tensor's bytes fit its shape; together they cover the data part once, without gap or overlap. */
function checkLayout(tensors: ReadonlyMap<string, TensorInfo>, dataBytes: number, fail: Fail): void {
  for (const [name, { dtype, shape, start, end }] of tensors) {
    let bytes: number = dtypeBytes[dtype]
    for (const length of shape) {
      bytes *= length
      if (!Number.isSafeInteger(bytes)) throw fail(`tensor "${shown(name)}" has an impossible shape [${shape}]`)
    }
    if (end < start) throw fail(`tensor "${shown(name)}" ends before it starts (${start} to ${end})`)
    if (end - start !== bytes) {
      throw fail(`tensor "${shown(name)}" ${dtype} [${shape}] needs ${bytes} bytes but is given ${end - start}`)
    }
  }
  let covered = 0
  for (const [name, { start, end }] of [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    if (start !== covered) {
      const what = start < covered ? 'overlaps the tensor before it' : 'leaves a gap before it'
      throw fail(`tensor "${shown(name)}" ${what} (starts at ${start}, not ${covered})`)
    }
    covered = end
  }
  if (covered !== dataBytes) {
    const what = covered > dataBytes ? 'is cut off' : 'has bytes after the last tensor'
    throw fail(`it ${what} (${dataBytes} bytes of data, the header names ${covered})`)
  }
}

/** A name from a file, short enough for a sentence. */
function shown(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name
}

const space = /[ \t\r\n]*/y
const stringToken = /"(?:[^"\\]|\\.)*"/sy
const integerToken = /(?:0|[1-9][0-9]*)(?![0-9.eE+-])/y

/** Recursive descent over a fixed depth: no nesting of the file reaches our own stack. */
class HeaderText {
  private readonly text: string
  private readonly fail: Fail
  private position = 0

  constructor(text: string, fail: Fail) {
    this.text = text
    this.fail = fail
  }

  header(): Header {
    if (!this.text.startsWith('{')) throw this.fail('its header does not begin with "{"')
    const tensors = new Map<string, TensorInfo>()
    let metadata: Readonly<Record<string, string>> = {}
    this.object((name) => {
      if (name === '__metadata__') metadata = this.metadata()
      else if (name === '__proto__') throw this.fail('a tensor is named "__proto__"')
      else {
        tensors.set(name, this.tensor(name))
        if (tensors.size > maxTensors) throw this.fail(`it names more than ${maxTensors} tensors`)
      }
    })
    this.skipSpace()
    if (this.position !== this.text.length) throw this.unexpected('the end of the header')
    return { metadata, tensors }
  }

  private metadata(): Record<string, string> {
    const entries: [string, string][] = []
    this.object((key) => entries.push([key, this.string()]))
    return Object.fromEntries(entries)
  }

  private tensor(name: string): TensorInfo {
    let dtype: Dtype | undefined
    let shape: number[] | undefined
    let offsets: number[] | undefined
    this.object((key) => {
      if (key === 'dtype') {
        const given = this.string()
        if (!isDtype(given)) throw this.fail(`tensor "${shown(name)}" has the unknown dtype "${shown(given)}"`)
        dtype = given
      } else if (key === 'shape') shape = this.integers(name, maxRank)
      else if (key === 'data_offsets') offsets = this.integers(name, 2)
      else throw this.fail(`tensor "${shown(name)}" has the unknown field "${shown(key)}"`)
    })
    const [start, end] = offsets ?? []
    if (dtype === undefined || shape === undefined || start === undefined || end === undefined) {
      throw this.fail(`tensor "${shown(name)}" lacks dtype, shape or data_offsets`)
    }
    return { dtype, shape, start, end }
  }

  /** Calls `field` at each value, names being distinct. */
  private object(field: (name: string) => void): void {
    const names = new Set<string>()
    this.expect('{')
    if (this.accept('}')) return
    do {
      const name = this.string()
      if (names.has(name)) throw this.fail(`"${shown(name)}" occurs twice in its header`)
      names.add(name)
      this.expect(':')
      field(name)
    } while (this.accept(','))
    this.expect('}')
  }

  private integers(name: string, most: number): number[] {
    const values: number[] = []
    this.expect('[')
    if (this.accept(']')) return values
    do {
      const value = Number(this.token(integerToken, `a whole number of tensor "${shown(name)}"`))
      if (!Number.isSafeInteger(value)) throw this.fail(`tensor "${shown(name)}" has a number beyond 2^53`)
      values.push(value)
      if (values.length > most) throw this.fail(`tensor "${shown(name)}" has more than ${most} numbers in a list`)
    } while (this.accept(','))
    this.expect(']')
    return values
  }

  private string(): string {
    const token = this.token(stringToken, 'a text in quotes')
    try {
      return JSON.parse(token) as string
    } catch {
      throw this.fail(`the text ${shown(token)} in its header is not valid JSON`)
    }
  }

  private token(pattern: RegExp, what: string): string {
    this.skipSpace()
    pattern.lastIndex = this.position
    const token = pattern.exec(this.text)?.[0]
    if (token === undefined) throw this.unexpected(what)
    this.position += token.length
    return token
  }

  private skipSpace(): void {
    space.lastIndex = this.position
    this.position += space.exec(this.text)?.[0].length ?? 0
  }

  private accept(character: string): boolean {
    this.skipSpace()
    if (this.text[this.position] !== character) return false
    this.position++
    return true
  }

  private expect(character: string): void {
    if (!this.accept(character)) throw this.unexpected(`"${character}"`)
  }

  private unexpected(wanted: string): AttuneError {
    return this.fail(`at character ${this.position} of its header there should be ${wanted}`)
  }
}
