import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkSha256, needSpace, placeFolder, treeSize } from '../../../scripts/setup/files.mjs'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'attune-files-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

test('a folder appears whole, replaces the old one, and leaves nothing beside it', async () => {
  const target = join(dir, 'made')
  await mkdir(target)
  await writeFile(join(target, 'old'), 'old')
  await mkdir(join(dir, 'made.tmp-left-by-a-killed-process'))
  await placeFolder(target, async (temporary: string) => {
    expect(existsSync(join(target, 'old'))).toBe(true)
    await writeFile(join(temporary, 'new'), 'new')
  })
  expect(await readdir(target)).toEqual(['new'])
  expect(await readdir(dir)).toEqual(['made'])
})

test('a failure leaves the old folder as it was', async () => {
  const target = join(dir, 'made')
  await mkdir(target)
  await writeFile(join(target, 'old'), 'old')
  const failing = placeFolder(target, async (temporary: string) => {
    await writeFile(join(temporary, 'new'), 'new')
    throw new Error('no disk')
  })
  await expect(failing).rejects.toThrow('no disk')
  expect(await readFile(join(target, 'old'), 'utf8')).toBe('old')
  expect(await readdir(dir)).toEqual(['made'])
})

test('a wrong file is named with both sums', async () => {
  const path = join(dir, 'a.whl')
  await writeFile(path, 'abc')
  await checkSha256(path, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  await expect(checkSha256(path, '00')).rejects.toThrow(/a\.whl.*ba7816bf.*not 00/)
})

test('says how much space is missing, also for a folder that is not there yet', async () => {
  await needSpace(join(dir, 'not', 'yet'), 1, 'A thing')
  await expect(needSpace(dir, 1e18, 'A thing')).rejects.toThrow(
    /^A thing needs 1000000000\.0 GB on the disk of .* are free\.$/,
  )
})

test('counts what lies below a folder', async () => {
  await mkdir(join(dir, 'a'))
  await writeFile(join(dir, 'a', 'x'), '12345')
  await writeFile(join(dir, 'y'), '123')
  expect(await treeSize(dir)).toBe(8)
  expect(await treeSize(join(dir, 'none'))).toBe(0)
})
