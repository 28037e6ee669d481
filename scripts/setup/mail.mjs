/**
 * The readable text of an e-mail as it was sent (RFC 5322, MIME: RFC 2045 to 2047): subject and body, transfer encoding
 * and character set undone, HTML stripped, attachments left out. Strings named `raw` hold one byte a character (latin1).
 */

function decoderFor(charset) {
  try {
    // What old mails declare as iso-8859-1 is windows-1252 in the Encoding Standard, as in mail programs.
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder('windows-1252')
  }
}

function decodeBytes(bytes, charset) {
  if (charset) return decoderFor(charset).decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

function fromQuotedPrintable(raw) {
  const joined = raw.replace(/=[ \t]*\n/g, '')
  return Buffer.from(
    joined.replace(/=([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

/** RFC 2047 words of a header: =?charset?B|Q?…?= */
function decodeWords(raw) {
  const joined = raw.replace(/(\?=)\s+(?==\?)/g, '$1')
  return joined.replace(/=\?([^?*]+)(?:\*[^?]*)?\?([BbQq])\?([^?]*)\?=/g, (_, charset, encoding, word) => {
    const bytes =
      encoding.toLowerCase() === 'b' ? Buffer.from(word, 'base64') : fromQuotedPrintable(word.replace(/_/g, ' '))
    return decoderFor(charset).decode(bytes)
  })
}

/** Headers by lower-case name, folded lines joined, the first of each name; and what follows the empty line. */
function splitMessage(raw) {
  const end = raw.indexOf('\n\n')
  const head = end < 0 ? raw : raw.slice(0, end)
  const headers = new Map()
  for (const line of head.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const match = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line)
    if (match && !headers.has(match[1].toLowerCase())) headers.set(match[1].toLowerCase(), match[2].trim())
  }
  return { headers, body: end < 0 ? '' : raw.slice(end + 2) }
}

function parameter(header, name) {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, 'i').exec(header)
  return match ? (match[1] ?? match[2]) : null
}

function splitParts(body, boundary) {
  const parts = `\n${body}`.split(`\n--${boundary}`).slice(1)
  return parts.filter((part) => !part.startsWith('--')).map((part) => part.replace(/^[^\n]*\n/, ''))
}

/** The text parts in order: { type: 'text/plain' | 'text/html', text }. */
function textParts(raw, fallbackType = 'text/plain') {
  const { headers, body } = splitMessage(raw)
  const contentType = headers.get('content-type') ?? fallbackType
  const type = contentType.split(';')[0].trim().toLowerCase()
  const boundary = parameter(contentType, 'boundary')
  if (type.startsWith('multipart/') && boundary) return splitParts(body, boundary).flatMap((part) => textParts(part))
  if (type === 'message/rfc822') return textParts(body)
  if (type !== 'text/plain' && type !== 'text/html' && type !== 'text') return []
  const encoding = (headers.get('content-transfer-encoding') ?? '').toLowerCase()
  let bytes = Buffer.from(body, 'latin1')
  if (encoding === 'base64') bytes = Buffer.from(body, 'base64')
  if (encoding === 'quoted-printable') bytes = fromQuotedPrintable(body)
  return [{ type, text: decodeBytes(bytes, parameter(contentType, 'charset')) }]
}

const entities = new Map(
  Object.entries({
    ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', copy: '©', reg: '®', trade: '™', bull: '•' },
    ...{ hellip: '…', mdash: '—', ndash: '–', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', middot: '·' },
    ...{ euro: '€', pound: '£', yen: '¥', cent: '¢', sect: '§', laquo: '«', raquo: '»', deg: '°', times: '×' },
  }),
)

function decodeEntity(whole, name) {
  if (!name.startsWith('#')) return entities.get(name.toLowerCase()) ?? whole
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ' '
}

function stripHtml(html) {
  return html
    .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<\/?(?:b|i|u|a|font|span|strong|em|big|small|sup|sub)\b[^<>]*>/gi, '')
    .replace(/<[/!?a-z][^<>]*>/gi, ' ')
    .replace(/&(#\d+|#x[0-9a-f]+|[a-z]+);?/gi, decodeEntity)
}

const looksLikeHtml = (text) => /<(html|body|table|font|br|p|div|center|form|a\s+href)\b/i.test(text)

/** Runs of space as one, control characters and unpaired surrogates gone. */
const tidy = (text) => text.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim()

/** { subject, body } of one message given as bytes; either may be ''. */
export function readMail(bytes) {
  const raw = bytes
    .toString('latin1')
    .replace(/\r\n?/g, '\n')
    .replace(/^From [^\n]*\n/, '')
  const parts = textParts(raw)
  const plain = parts.filter((part) => part.type !== 'text/html')
  const chosen = plain.some((part) => part.text.trim() !== '') ? plain : parts
  const body = chosen
    .map(({ type, text }) => (type === 'text/html' || looksLikeHtml(text) ? stripHtml(text) : text))
    .join('\n')
  return { subject: tidy(decodeWords(splitMessage(raw).headers.get('subject') ?? '')), body: tidy(body) }
}
