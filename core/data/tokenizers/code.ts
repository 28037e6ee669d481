import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

let known: string | null = null

/**
 * A hash of all code that turns texts into ids: this folder, the tokenizer library, and Node's Unicode tables, which
 * patterns and lower-casing go by. What was tokenised by other code is not taken for the same.
 */
export function tokenizerCode(): string {
  known ??= hashOf()
  return known
}

function hashOf(): string {
  const hash = createHash('sha256')
  const here = import.meta.dirname
  // What trains tokenizers lies in a folder of its own, and turns no text into ids.
  const files = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isFile())
  for (const name of files.map((entry) => entry.name).sort()) hash.update(name).update(readFileSync(join(here, name)))
  hash.update(readFileSync(createRequire(import.meta.url).resolve('@huggingface/tokenizers')))
  return hash.update(`${process.versions.unicode} ${process.versions.icu} ${process.versions.v8}`).digest('hex')
}
