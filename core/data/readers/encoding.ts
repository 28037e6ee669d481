import { AttuneError } from '../../contract/errors.ts'

/** How the bytes of a text file become characters. */
export interface TextEncoding {
  /** A WHATWG label that TextDecoder knows. */
  readonly name: string
  /** Bytes of the byte order mark, which are no part of the text. */
  readonly bomBytes: number
  /** Chosen by a person, or told by a byte order mark; otherwise UTF-8 is only assumed. */
  readonly certain: boolean
}

/** Offered when a file is not UTF-8. */
export const offeredEncodings: readonly string[] = [
  'windows-1252',
  'utf-16le',
  'utf-16be',
  'windows-1251',
  'iso-8859-2',
  'shift_jis',
  'gb18030',
  'big5',
  'euc-kr',
]

const marks: readonly { name: string; bytes: readonly number[] }[] = [
  { name: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { name: 'utf-16le', bytes: [0xff, 0xfe] },
  { name: 'utf-16be', bytes: [0xfe, 0xff] },
]

/** By choice, else by byte order mark, else UTF-8. Throws AttuneError bad_request for an unknown choice. */
export function encodingOf(head: Uint8Array, chosen?: string): TextEncoding {
  const mark = marks.find(({ bytes }) => bytes.every((byte, i) => head[i] === byte))
  if (chosen === undefined) return { name: mark?.name ?? 'utf-8', bomBytes: mark?.bytes.length ?? 0, certain: !!mark }
  let name: string
  try {
    name = new TextDecoder(chosen).encoding
  } catch {
    const message = `There is no encoding "${chosen.slice(0, 50)}". Try one of utf-8, ${offeredEncodings.join(', ')}.`
    throw new AttuneError('bad_request', message, { encodings: offeredEncodings })
  }
  return { name, bomBytes: mark?.name === name ? mark.bytes.length : 0, certain: true }
}

/**
 * Decodes a file piece by piece, strictly. Throws AttuneError bad_file at bytes that are no text and at NULs, naming
 * the byte, with the encodings to choose from in `details`.
 */
export async function* decodeChunks(
  chunks: AsyncIterable<Uint8Array>,
  encoding: TextEncoding,
  fileName: string,
): AsyncGenerator<string> {
  const { name, bomBytes } = encoding
  const decoder = new TextDecoder(name, { fatal: true, ignoreBOM: true })
  /** Where the present chunk begins in the file, and the bytes before it that may be half a character. */
  let offset = 0
  let before = new Uint8Array(0)
  for await (const whole of chunks) {
    const chunk = offset === 0 ? whole.subarray(bomBytes) : whole
    const start = offset === 0 ? bomBytes : offset
    let text: string
    try {
      text = decoder.decode(chunk, { stream: true })
    } catch {
      throw notText(fileName, encoding, locate(name, before, chunk), start)
    }
    const nul = text.indexOf('\0')
    if (nul >= 0) throw nulFound(fileName, encoding, start + byteOfNul(name, chunk, nul))
    if (text !== '') yield text
    offset += whole.length
    before = chunk.slice(-4)
  }
  try {
    const rest = decoder.decode()
    if (rest !== '') yield rest
  } catch {
    throw notText(fileName, encoding, null, offset)
  }
}

/**
 * The offset in `chunk` of the first byte that is no text (negative: in the bytes before it), and that byte. The chunk
 * may begin in the middle of a character, which begins in one of the last four bytes before: a wrong start fails at
 * once, so the start that comes furthest is the right one.
 */
function locate(name: string, before: Uint8Array, chunk: Uint8Array): { at: number; byte: number } {
  const bytes = Buffer.concat([before, chunk])
  const reached = Array.from({ length: before.length + 1 }, (_, start) => firstBad(name, bytes, start))
  const index = Math.max(...reached)
  return { at: index - before.length, byte: bytes[index] ?? 0 }
}

/** Decodes byte by byte: a character that never comes out began after the last one that did. */
function firstBad(name: string, bytes: Uint8Array, start: number): number {
  const decoder = new TextDecoder(name, { fatal: true, ignoreBOM: true })
  let begin = start
  try {
    for (let i = start; i < bytes.length; i++) {
      if (decoder.decode(bytes.subarray(i, i + 1), { stream: true }) !== '') begin = i + 1
    }
  } catch {}
  return begin
}

/** The byte of a NUL that is character `index` of the decoded chunk. */
function byteOfNul(name: string, chunk: Uint8Array, index: number): number {
  return name.startsWith('utf-16') ? index * 2 : chunk.indexOf(0)
}

function notText(
  fileName: string,
  { name, certain }: TextEncoding,
  found: { at: number; byte: number } | null,
  start: number,
): AttuneError {
  const details = { encodings: offeredEncodings, ...(found && { offset: start + found.at }) }
  const where = found
    ? `byte ${start + found.at} (0x${found.byte.toString(16).toUpperCase().padStart(2, '0')}) does not fit`
    : `it ends in the middle of a character, at byte ${start}`
  const advice = certain ? 'The file is damaged, or in another encoding' : 'Choose its encoding'
  return new AttuneError(
    'bad_file',
    `${fileName} is not ${name.toUpperCase()} text: ${where}. ${advice}, for instance ${offeredEncodings.slice(0, 2).join(' or ')}.`,
    details,
  )
}

function nulFound(fileName: string, { certain }: TextEncoding, byte: number): AttuneError {
  const advice = certain ? 'Remove it' : 'If the file is UTF-16, choose that encoding; else remove it'
  const message = `${fileName} has a NUL character at byte ${byte}, which no text has. ${advice}.`
  return new AttuneError('bad_file', message, { encodings: offeredEncodings, offset: byte })
}
