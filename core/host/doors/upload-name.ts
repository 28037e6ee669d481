import { AttuneError } from '../../contract/errors.ts'

/** Names that Windows gives to devices, with any extension. */
const device = /^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\..*)?$/i
/** Control characters, what Windows forbids in names, and both separators. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\u0000-\u001f\u007f<>:"/\\|?*]/g
const longest = 200
const deepest = 8

/**
 * A name under which an uploaded file can be kept on every platform: the last part of whatever was sent, forbidden
 * characters replaced, at most 200 bytes with the extension (at most 20 characters of it) kept. For one file, whose
 * name means nothing.
 */
export function safeFileName(sent: string): string {
  const last = sent.split(/[/\\]/).at(-1) ?? ''
  const clean = last.replace(forbidden, '_').replace(/[. ]+$/, '')
  const named = clean === '' || device.test(clean) ? `_${clean}` : clean
  const extension = /\.[A-Za-z0-9]{1,20}$/.exec(named)?.[0] ?? ''
  let stem = named.slice(0, named.length - extension.length)
  while (Buffer.byteLength(stem + extension) > longest) stem = [...stem].slice(0, -1).join('')
  return stem + extension
}

/**
 * The parts of a relative name inside an uploaded folder ("tokenizer/vocab.txt"). Names there mean something (a model
 * folder's files are found by name), so nothing is repaired: absolute paths, `..`, drive letters, alternate data
 * streams, device names and control characters are refused.
 */
export function relativeParts(sent: string): string[] {
  const parts = sent.split('/')
  const bad = (why: string) =>
    new AttuneError('bad_request', `The file name ${JSON.stringify(sent)} ${why}; it must be a path below the folder.`)
  if (parts.length > deepest) throw bad(`has more than ${deepest} parts`)
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..') throw bad('leaves its folder or has an empty part')
    if (part.search(forbidden) >= 0) throw bad('has a character that not every system allows')
    if (/[. ]$/.test(part) || device.test(part)) throw bad('is reserved on some systems')
    if (Buffer.byteLength(part) > longest) throw bad(`has a part longer than ${longest} bytes`)
  }
  return parts
}
