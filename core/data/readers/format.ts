import type { FileFormat } from '../../contract/domain.ts'
import { AttuneError } from '../../contract/errors.ts'
import type { TextEncoding } from './encoding.ts'

/** First bytes of files that people take for tables, and what to do with them. */
const signatures: readonly { bytes: string; what: string; advice: string }[] = [
  { bytes: 'PK\x03\x04', what: 'a ZIP archive or an Excel sheet', advice: 'Unpack it, or save the sheet as CSV' },
  { bytes: '\xd0\xcf\x11\xe0', what: 'an old Excel or Word file', advice: 'Save it as CSV' },
  { bytes: '\x1f\x8b', what: 'compressed (gzip)', advice: 'Unpack it first' },
  { bytes: '(\xb5/\xfd', what: 'compressed (zstd)', advice: 'Unpack it first' },
  { bytes: 'PAR1', what: 'a Parquet file', advice: 'Save it as CSV or JSONL' },
  { bytes: 'ARROW1', what: 'an Arrow file', advice: 'Save it as CSV or JSONL' },
  { bytes: '%PDF', what: 'a PDF document', advice: 'Choose a CSV or JSONL file' },
  { bytes: 'SQLite format 3', what: 'an SQLite database', advice: 'Export the table as CSV' },
]

/** By content where it is plain, else by the name's ending, else CSV. Throws AttuneError unsupported. */
export function formatOf(fileName: string, head: Buffer, encoding: TextEncoding): FileFormat {
  const signature = signatures.find(({ bytes }) => head.subarray(0, bytes.length).toString('latin1') === bytes)
  if (signature) {
    const message = `${fileName} is ${signature.what}; CSV and JSONL can be imported. ${signature.advice}.`
    throw new AttuneError('unsupported', message)
  }
  const text = new TextDecoder(encoding.name).decode(head.subarray(encoding.bomBytes)).trimStart()
  const ending = /\.([a-z0-9]+)$/i.exec(fileName)?.[1]?.toLowerCase() ?? ''
  if (['jsonl', 'ndjson'].includes(ending)) return 'jsonl'
  if (ending === 'json' || ending === '') {
    if (text.startsWith('[')) {
      const message = `${fileName} is one JSON list; JSON lines (one object a line) can be imported. Save it as JSONL.`
      throw new AttuneError('unsupported', message)
    }
    if (text.startsWith('{')) return 'jsonl'
  }
  // A first line that is a whole JSON object is no CSV header, whatever the name says.
  return isObject(text.split(/\r\n|\n|\r/, 1)[0] ?? '') ? 'jsonl' : 'csv'
}

function isObject(line: string): boolean {
  if (!line.startsWith('{')) return false
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}
