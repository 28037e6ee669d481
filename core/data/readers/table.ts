import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FileFormat } from '../../contract/domain.ts'
import { AttuneError } from '../../contract/errors.ts'
import { readCsv } from './csv.ts'
import { decodeChunks, encodingOf } from './encoding.ts'
import { filesBelow, folderColumns, folderItems, tableOfFolder } from './folder.ts'
import { formatOf } from './format.ts'
import { readJsonl } from './jsonl.ts'

/** One record of a table, or why it could not be read. Lines are 1-based lines of the file. */
export type TableItem =
  | { readonly line: number; readonly cells: ReadonlyMap<string, string> }
  /** `header`: it is about the names of the columns, and costs no record. */
  | { readonly line: number; readonly problem: string; readonly header?: true }

export interface TableOptions {
  /** A WHATWG label ("windows-1252"); found out when absent. */
  readonly encoding?: string | undefined
  /** CSV only; found out when absent. */
  readonly delimiter?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Bytes of the file read so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/** A file opened for one pass over its records. */
export interface Table {
  readonly format: FileFormat
  readonly encoding: string
  readonly bytes: number
  /** The folder that files which rows name lie in. */
  readonly base: string
  /** Known at once for CSV; grows with the records for JSONL. */
  readonly columns: readonly string[]
  readonly delimiter?: string
  readonly items: AsyncIterable<TableItem>
}

/** What is read at once. */
const chunkBytes = 1 << 16

/**
 * Opens a CSV or JSONL file, whichever name and content say it is, and streams its records; of a folder, the table in it
 * or one of its files. Records that cannot be used come as problems, by line. Throws AttuneError, here or while
 * iterating: not_found, bad_file (naming byte or line), bad_request (an encoding that does not exist), unsupported
 * (another format), stopped.
 */
export async function openTable(path: string, fileName: string, options: TableOptions = {}): Promise<Table> {
  if (await isFolder(path)) return openFolder(path, fileName, options)
  const { size, head } = await readHead(path, fileName)
  if (size === 0) throw new AttuneError('bad_file', `${fileName} is empty.`)
  const encoding = encodingOf(head, options.encoding)
  const format = formatOf(fileName, head, encoding)
  const chunks = decodeChunks(chunksOf(path, fileName, options), encoding, fileName)
  const common = { encoding: encoding.name, bytes: size, base: dirname(path) }
  if (format === 'jsonl') {
    const columns: string[] = []
    return { ...common, format, columns, items: readJsonl(chunks, fileName, columns) }
  }
  const { columns, delimiter, items } = await readCsv(chunks, fileName, options.delimiter)
  return { ...common, format, columns, delimiter, items }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false
}

async function openFolder(path: string, fileName: string, options: TableOptions): Promise<Table> {
  const inside = await tableOfFolder(path)
  if (inside !== null) return openTable(join(path, inside), `${fileName}/${inside}`, options)
  const { names, bytes } = await filesBelow(path)
  if (names.length === 0) throw new AttuneError('bad_file', `There are no files in the folder ${fileName}.`)
  const items = folderItems(path, names, (done) => {
    if (options.signal?.aborted) throw new AttuneError('stopped', `Reading ${fileName} was cancelled.`)
    options.onBytes?.(done)
  })
  return { format: 'folder', encoding: 'utf-8', bytes, base: path, columns: Object.values(folderColumns), items }
}

async function readHead(path: string, fileName: string): Promise<{ size: number; head: Buffer }> {
  try {
    const info = await stat(path)
    if (!info.isFile()) throw new AttuneError('bad_file', `${fileName} is not a regular file.`)
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, 0)
      return { size: info.size, head: buffer.subarray(0, bytesRead) }
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof AttuneError) throw cause
    throw new AttuneError('not_found', `${fileName} cannot be opened.`, undefined, { cause })
  }
}

async function* chunksOf(path: string, fileName: string, { signal, onBytes }: TableOptions): AsyncGenerator<Buffer> {
  let done = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
      if (signal?.aborted) throw new AttuneError('stopped', `Reading ${fileName} was cancelled.`)
      yield chunk
      done += chunk.length
      onBytes?.(done)
    }
  } catch (cause) {
    if (cause instanceof AttuneError) throw cause
    throw new AttuneError('bad_file', `${fileName} could not be read to its end.`, undefined, { cause })
  }
}
