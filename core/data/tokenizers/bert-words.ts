/**
 * How BERT cuts a text into words before WordPiece sees them. Reference: huggingface/tokenizers, normalizers/bert.rs
 * and pre_tokenizers/bert.rs. Its steps (clean, space out Chinese characters, strip accents, lower the case, split)
 * are regrouped here: the text is first cut where no later step could join anything, and the rest is a function of
 * each piece alone, which can be remembered.
 */
export interface BertWordOptions {
  /** Drop control characters; every white space is a space. */
  readonly cleanText: boolean
  /** Each Chinese character is a word. */
  readonly chineseCharacters: boolean
  readonly stripAccents: boolean
  readonly lowercase: boolean
}

const unknown = 0
/** Part of a word. */
const letter = 1
const space = 2
/** A word by itself: punctuation, Chinese characters. */
const alone = 3
/** As if it were not there. */
const removed = 4

const whiteSpace = /\p{White_Space}/u
const control = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u
const punctuation = /[\p{P}!-/:-@[-`{-~]/u
const part = /[\p{P}!-/:-@[-`{-~]|[^\p{White_Space}\p{P}!-/:-@[-`{-~]+/gu
const mark = /\p{Mn}/gu

export class BertWords {
  private readonly options: BertWordOptions
  /** By UTF-16 code unit, filled when first met. */
  private readonly classes = new Uint8Array(0x10000)

  constructor(options: BertWordOptions) {
    this.options = options
  }

  /** The pieces of a text, each to be given to `parts`. */
  split(text: string): string[] {
    const pieces: string[] = []
    let word = ''
    let start = 0
    for (let i = 0; i < text.length; ) {
      const unit = text.charCodeAt(i)
      const width = unit >= 0xd800 && unit < 0xdc00 && isTrail(text.charCodeAt(i + 1)) ? 2 : 1
      const kind = width === 1 ? this.classOfUnit(unit) : this.classOf(text.codePointAt(i) as number)
      if (kind !== letter) {
        if (i > start) word += text.slice(start, i)
        if (kind !== removed && word !== '') {
          pieces.push(word)
          word = ''
        }
        if (kind === alone) pieces.push(text.slice(i, i + width))
        start = i + width
      }
      i += width
    }
    word += text.slice(start)
    if (word !== '') pieces.push(word)
    return pieces
  }

  /** The words of one piece, normalised. Mostly one. */
  parts(piece: string): readonly string[] {
    let text = piece
    if (this.options.stripAccents) text = text.normalize('NFD').replace(mark, '')
    // Letter by letter in the reference: a sigma at the end of a word stays σ.
    if (this.options.lowercase) text = text.replaceAll('Σ', 'σ').toLowerCase()
    return text.match(part) ?? []
  }

  private classOfUnit(unit: number): number {
    const known = this.classes[unit] as number
    if (known !== unknown) return known
    const kind = this.classOf(unit)
    this.classes[unit] = kind
    return kind
  }

  private classOf(point: number): number {
    const character = String.fromCodePoint(point)
    if (this.options.cleanText) {
      if (character === '\t' || character === '\n' || character === '\r') return space
      if (point === 0 || point === 0xfffd || control.test(character)) return removed
    }
    if (whiteSpace.test(character)) return space
    if (this.options.chineseCharacters && isChinese(point)) return alone
    return punctuation.test(character) ? alone : letter
  }
}

function isTrail(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}

/** CJK ideographs, as in Google's BERT: not kana, not hangul. */
function isChinese(point: number): boolean {
  return (
    (point >= 0x4e00 && point <= 0x9fff) ||
    (point >= 0x3400 && point <= 0x4dbf) ||
    (point >= 0x20000 && point <= 0x2a6df) ||
    (point >= 0x2a700 && point <= 0x2b73f) ||
    (point >= 0x2b740 && point <= 0x2b81f) ||
    (point >= 0x2b920 && point <= 0x2ceaf) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0x2f800 && point <= 0x2fa1f)
  )
}
