import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AttuneError } from '../../contract/errors.ts'
import { codeOf } from '../../util/files.ts'
import { BertTokenizer, isBertTokenizer } from './bert-tokenizer.ts'
import { LibraryTokenizer } from './library-tokenizer.ts'
import type { Specials } from './special-tokens.ts'
import { parseTokenizerJson, type TokenizerJson } from './tokenizer-json.ts'
import { bertTokenizerJson, parseVocabText } from './vocab-text.ts'

export interface Encoding {
  /** Special tokens included, at most maxLength of them. */
  readonly ids: Int32Array
  /** Tokens before cutting, special tokens included. */
  readonly length: number
}

/** Text to token ids, as the model was trained with. */
export interface Tokenizer {
  /** Cuts the text's end, not the special tokens, to `maxLength` (≥ number of special tokens). */
  encode(text: string, maxLength: number): Encoding
  /** All of a text that has its special tokens in it already: none are put around it. */
  encodePlain(text: string): Int32Array
  /** Whether an id stands for no text of its own: the beginning, the end, padding. */
  isSpecial(id: number): boolean
  /** The text that ids come to, special tokens left out. What is no whole character reads \uFFFD. */
  decode(ids: readonly number[]): string
  /** How ids read. */
  tokens(ids: ArrayLike<number>): string[]
  readonly padId: number
  /** The token that ends a text; null where the tokenizer names none. */
  readonly eosId: number | null
  /** The token that hides a word; null where there is none. */
  readonly maskId: number | null
  /** What stands around and between texts. */
  readonly specials: Specials
  /** The largest id and one. */
  readonly vocabSize: number
  /** SHA-256 of the file it was made from, hex. */
  readonly hash: string
}

/** The files that a tokenizer is made of, read but not yet made sense of. */
export interface TokenizerFiles {
  /** See Tokenizer. */
  readonly hash: string
  /** SHA-256 over all of them, hex. */
  readonly contentHash: string
  /** Throws AttuneError: bad_file (damaged, or harmful settings), unsupported (a kind that is not known). */
  build(): Tokenizer
}

/**
 * The tokenizer of a model folder: tokenizer.json, else vocab.txt as BERT's. Throws AttuneError: not_found (neither is
 * there), bad_file (damaged, or harmful settings), unsupported (a kind of tokenizer that is not known).
 */
export async function loadTokenizer(modelDir: string): Promise<Tokenizer> {
  return (await readTokenizer(modelDir)).build()
}

/** The files of `loadTokenizer`. Throws AttuneError: not_found, bad_file (cannot be read). */
export async function readTokenizer(modelDir: string): Promise<TokenizerFiles> {
  const files = await readTokenizerIfAny(modelDir)
  if (files !== null) return files
  const way = await wayOf(modelDir)
  throw new AttuneError('not_found', `There is neither tokenizer.json nor vocab.txt in ${modelDir}.${way}`)
}

/** What writes tokenizer.json where a folder has a tokenizer of another form; nothing where it has none. */
async function wayOf(modelDir: string): Promise<string> {
  const names = (await readdir(modelDir).catch(() => [])).sort()
  if (names.includes('source.spm')) {
    return ` It has a tokenizer for each language, source.spm and target.spm: with Python, transformers and sentencepiece, "python scripts/opus-mt-tokenizer.py FOLDER" in the folder of Attune makes one of them and writes it.`
  }
  const other = names.find((name) => /\.(?:model|spm)$|^(?:vocab\.json|merges\.txt)$/.test(name))
  if (other === undefined) return ''
  const command = `python -c "from transformers import AutoTokenizer as T; T.from_pretrained('.').save_pretrained('.')"`
  return ` Its tokenizer is kept as ${other}: with Python, transformers, sentencepiece and protobuf, ${command} in that folder writes tokenizer.json.`
}

/** The same, null where the folder has none: a model that reads no text. Throws AttuneError bad_file. */
export async function readTokenizerIfAny(modelDir: string): Promise<TokenizerFiles | null> {
  const settingsText = await readText(modelDir, 'tokenizer_config.json')
  const filesOf = (text: string, kind: string, parse: (settings: Record<string, unknown>) => TokenizerJson) => ({
    hash: sha256(text),
    contentHash: sha256(JSON.stringify([kind, text, settingsText])),
    build() {
      const settings = parseSettings(settingsText, modelDir)
      return build(parse(settings), settings, sha256(text))
    },
  })
  const json = await readText(modelDir, 'tokenizer.json')
  if (json !== null) return filesOf(json, 'json', () => parseTokenizerJson(json, `tokenizer.json in ${modelDir}`))
  const vocabulary = await readText(modelDir, 'vocab.txt')
  if (vocabulary === null) return null
  return filesOf(vocabulary, 'vocab', (settings) =>
    bertTokenizerJson(parseVocabText(vocabulary, `vocab.txt in ${modelDir}`), settings),
  )
}

function build(json: TokenizerJson, settings: Record<string, unknown>, hash: string): Tokenizer {
  return isBertTokenizer(json) ? new BertTokenizer(json, settings, hash) : new LibraryTokenizer(json, settings, hash)
}

function parseSettings(text: string | null, modelDir: string): Record<string, unknown> {
  if (text === null) return {}
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  } catch {}
  throw new AttuneError('bad_file', `tokenizer_config.json in ${modelDir} is not a JSON object.`)
}

async function readText(dir: string, name: string): Promise<string | null> {
  try {
    return await readFile(join(dir, name), 'utf8')
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return null
    const message = `${name} in ${dir} cannot be read.`
    throw new AttuneError('bad_file', message, undefined, { cause: thrown })
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
