import { existsSync } from 'node:fs'
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openRowStore, type RowStore, writeRowStore } from '../../../core/data/row-store.ts'
import { RememberedTokens } from '../../../core/data/row-tokens.ts'
import { readTokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import { goldenDir } from '../../golden/reference.ts'
import { temporaryFolder } from '../../support/temporary.ts'

const texts = ['win a free prize', 'a patch for the kernel', '', 'the list '.repeat(40), 'naïve café']

async function dataset(dir: string, words = texts): Promise<RowStore> {
  const rows = async function* () {
    for (const [i, text] of words.entries()) yield { line: i + 1, text, label: 'a' }
  }
  await writeRowStore(dir, rows())
  return openRowStore(dir)
}

interface Pass {
  readonly known: number
  readonly ids: number[][]
  readonly lengths: number[]
  readonly padId: number
  readonly eosId: number | null
  readonly built: boolean
}

/** Tokenises these rows as a run does, and remembers them. */
async function pass(
  store: RowStore,
  { rows = [...texts.keys()], maxLength = 12, modelDir = join(goldenDir, 'tiny-bert') } = {},
): Promise<Pass> {
  const files = await readTokenizer(modelDir)
  let built = false
  const build = () => {
    built = true
    return files.build()
  }
  const tokens = new RememberedTokens(store, { ...files, build }, true)
  const encodings = rows.map((row) => tokens.encode(row, maxLength))
  const { padId, eosId, known } = tokens
  tokens.remember()
  return {
    ...{ known, padId, eosId, built },
    ids: encodings.map(({ ids }) => [...ids]),
    lengths: encodings.map(({ length }) => length),
  }
}

const tables = async (store: RowStore) =>
  existsSync(join(store.dir, 'tokens')) ? (await readdir(join(store.dir, 'tokens'))).sort() : []

describe('tokenised rows are remembered beside their dataset', () => {
  test('and come back the same, without the tokenizer being built', async () => {
    const store = await dataset(await temporaryFolder())
    const first = await pass(store)
    expect(first).toMatchObject({ known: 0, built: true })
    expect(first.lengths[3]).toBeGreaterThan(12)
    expect(first.ids[3]).toHaveLength(12)
    expect(await tables(store)).toHaveLength(1)
    const second = await pass(store)
    expect(second).toEqual({ ...first, known: texts.length, built: false })
  })

  test('row by row: what is missing is added', async () => {
    const store = await dataset(await temporaryFolder())
    const whole = await pass(store, { maxLength: 13 })
    await rm(join(store.dir, 'tokens'), { recursive: true })
    expect(await pass(store, { maxLength: 13, rows: [1, 3] })).toMatchObject({ known: 0 })
    expect(await pass(store, { maxLength: 13, rows: [0, 1, 2] })).toMatchObject({ known: 1, built: true })
    const last = await pass(store, { maxLength: 13 })
    expect(last).toEqual({ ...whole, known: 4 })
    expect(await tables(store)).toHaveLength(1)
  })

  test('by all that the ids depend on', async () => {
    const dir = await temporaryFolder()
    const store = await dataset(join(dir, 'data'))
    const first = await pass(store)
    expect((await pass(store, { maxLength: 8 })).known).toBe(0)
    // The same tokenizer.json with other settings beside it is another tokenizer.
    const modelDir = join(dir, 'model')
    await cp(join(goldenDir, 'tiny-bert'), modelDir, { recursive: true })
    expect((await pass(store, { modelDir })).known).toBe(texts.length)
    await writeFile(join(modelDir, 'tokenizer_config.json'), JSON.stringify({ pad_token: '[UNK]' }))
    const other = await pass(store, { modelDir })
    expect(other.known).toBe(0)
    expect(other.padId).not.toBe(first.padId)
    expect((await pass(store, { modelDir: join(goldenDir, 'tiny-gpt2') })).known).toBe(0)
    // A dataset of the same size whose texts are others.
    const changed = await dataset(join(dir, 'other'), ['b', ...texts.slice(1)])
    await cp(join(store.dir, 'tokens'), join(changed.dir, 'tokens'), { recursive: true })
    expect((await pass(changed)).known).toBe(0)
  })

  test.each(['flipped', 'cut short', 'empty', 'foreign'])('a %s file is as good as none', async (how) => {
    const store = await dataset(await temporaryFolder())
    const first = await pass(store)
    const [name] = await tables(store)
    const path = join(store.dir, 'tokens', name as string)
    const bytes = await readFile(path)
    if (how === 'flipped') {
      bytes[bytes.length - 40] = (bytes[bytes.length - 40] as number) ^ 1
      await writeFile(path, bytes)
    } else if (how === 'cut short') await truncate(path, bytes.length - 2)
    else if (how === 'empty') await truncate(path, 0)
    else await writeFile(path, 'something else that is long enough to be looked at as if it were a table')
    expect(await pass(store)).toEqual(first)
    expect(await pass(store)).toEqual({ ...first, known: texts.length, built: false })
  })

  test('the newest four only, and no trace of a write that failed', async () => {
    const store = await dataset(await temporaryFolder())
    for (const maxLength of [8, 9, 10, 11, 12, 13]) await pass(store, { maxLength })
    expect(await tables(store)).toHaveLength(4)
    expect((await pass(store, { maxLength: 13 })).known).toBe(texts.length)
    expect((await pass(store, { maxLength: 8 })).known).toBe(0)
    // Where the folder should be is a file: tokenising goes on without it.
    await rm(join(store.dir, 'tokens'), { recursive: true })
    await writeFile(join(store.dir, 'tokens'), '')
    expect((await pass(store)).ids).toHaveLength(texts.length)
  })

  test('a dataset that is gone does not come back', async () => {
    const dir = await temporaryFolder()
    const store = await dataset(join(dir, 'data'))
    const files = await readTokenizer(join(goldenDir, 'tiny-bert'))
    const tokens = new RememberedTokens(store, files, true)
    tokens.encode(0, 12)
    await rm(store.dir, { recursive: true })
    tokens.remember()
    expect(existsSync(store.dir)).toBe(false)
  })
})
