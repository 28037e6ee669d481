import { fork } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { removeCheckpoint, saveCheckpoint, sweep, verifyCheckpoint } from '../../../core/checkpoint/save.ts'
import { type FileSystem, partialPath } from '../../../core/util/files.ts'
import { amount } from '../../support/soak.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'
import { type Fault, failing } from './failing-file-system.ts'

/** Writes two files and one in a folder, all saying which version they are of. */
async function write(dir: string, version: string, fs?: FileSystem): Promise<void> {
  const file = fs?.writeFile ?? writeFile
  await file(join(dir, 'model.safetensors'), `${version} weights`)
  await file(join(dir, 'config.json'), `${version} config`)
  await (fs?.mkdir ?? mkdir)(join(dir, 'more'))
  await file(join(dir, 'more', 'notes.txt'), `${version} notes`)
}

function versionOf(dir: string): string {
  const texts = ['model.safetensors', 'config.json', 'more/notes.txt'].map((name) =>
    readFileSync(join(dir, name), 'utf8'),
  )
  const versions = new Set(texts.map((text) => text.split(' ')[0]))
  expect(versions.size).toBe(1)
  return [...versions][0] as string
}

describe('saving a checkpoint', () => {
  test('puts it there with a manifest that proves it', async () => {
    const dir = join(await temporaryFolder(), 'run', 'checkpoint-5')
    const { bytes } = await saveCheckpoint(dir, (temporary) => write(temporary, 'one'))
    const { files } = await verifyCheckpoint(dir)
    expect(files.map(({ name, size }) => [name, size])).toEqual([
      ['config.json', 10],
      ['model.safetensors', 11],
      ['more/notes.txt', 9],
    ])
    expect(bytes).toBe(30 + readFileSync(join(dir, 'manifest.json')).length)
    expect(readdirSync(join(dir, '..'))).toEqual(['checkpoint-5'])
  })

  test('replaces the one before', async () => {
    const dir = join(await temporaryFolder(), 'checkpoint-5')
    for (const version of ['one', 'two', 'three']) {
      await saveCheckpoint(dir, (temporary) => write(temporary, version))
      expect(versionOf(dir)).toBe(version)
    }
    expect(readdirSync(join(dir, '..'))).toEqual(['checkpoint-5'])
  })

  test('lets what the writer throws through, and leaves nothing', async () => {
    const dir = join(await temporaryFolder(), 'checkpoint-5')
    const bug = new Error('the writer failed')
    const failed = saveCheckpoint(dir, async (temporary) => {
      await write(temporary, 'one')
      throw bug
    })
    await expect(failed).rejects.toMatchObject({ code: 'internal', cause: bug })
    expect(readdirSync(join(dir, '..'))).toEqual([])
  })

  test('a removed one is gone, and was never half there under its name', async () => {
    const parent = await temporaryFolder()
    const dir = join(parent, 'checkpoint-5')
    await saveCheckpoint(dir, (temporary) => write(temporary, 'one'))
    const { fs } = failing(async () => false)
    const refusing: FileSystem = { ...fs, rm: () => Promise.reject(new Error('killed here')) }
    await expect(removeCheckpoint(dir, refusing)).rejects.toThrow('killed here')
    expect(existsSync(dir)).toBe(false)
    expect(await sweep(parent)).toHaveLength(1)
    expect(readdirSync(parent)).toEqual([])
  })
})

describe('C05 a damaged checkpoint is found', () => {
  test('one changed byte in any file, any cut, any missing file', async () => {
    const dir = join(await temporaryFolder(), 'checkpoint-5')
    await saveCheckpoint(dir, (temporary) => write(temporary, 'one'))
    for (const name of ['config.json', 'model.safetensors', 'more/notes.txt', 'manifest.json']) {
      const path = join(dir, name)
      const whole = readFileSync(path)
      for (let at = 0; at < whole.length; at++) {
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] as number) ^ (1 << (at % 8))
        writeFileSync(path, changed)
        const error = await errorOf('bad_file', () => verifyCheckpoint(dir))
        if (name !== 'manifest.json') expect(error.message).toContain(name)
      }
      for (const length of [0, whole.length - 1]) {
        writeFileSync(path, whole.subarray(0, length))
        if (name === 'manifest.json' && length > 0) continue // Without its last line end it says the same.
        await errorOf('bad_file', () => verifyCheckpoint(dir))
      }
      await rm(path)
      await errorOf(name === 'manifest.json' ? 'not_found' : 'bad_file', () => verifyCheckpoint(dir))
      writeFileSync(path, whole)
      await verifyCheckpoint(dir)
    }
  })

  test('a manifest cannot name files outside its folder', async () => {
    const dir = join(await temporaryFolder(), 'checkpoint-5')
    await saveCheckpoint(dir, (temporary) => write(temporary, 'one'))
    const manifest = readFileSync(join(dir, 'manifest.json'), 'utf8')
    for (const name of ['../config.json', '/etc/hostname', 'more/../../x', 'C:\\x', './config.json', '']) {
      writeFileSync(join(dir, 'manifest.json'), manifest.replace('"config.json"', JSON.stringify(name)))
      expect((await errorOf('bad_file', () => verifyCheckpoint(dir))).message).toContain('manifest.json is not')
    }
  })
})

/** Saves `two` over `one` with a fault, and says how it ended. */
async function saveWith(fault: Fault): Promise<{ parent: string; dir: string; calls: number; thrown: unknown }> {
  const parent = await temporaryFolder()
  const dir = join(parent, 'checkpoint-5')
  await saveCheckpoint(dir, (temporary) => write(temporary, 'one'))
  const { fs, calls } = failing(fault)
  const thrown = await saveCheckpoint(dir, (temporary) => write(temporary, 'two', fs), fs).then(
    () => null,
    (error: unknown) => error,
  )
  return { parent, dir, calls: calls(), thrown }
}

describe('S10, C06 any call fails', () => {
  test.each([
    ['ENOSPC', 'disk_full'],
    ['EIO', 'internal'],
  ] as const)('%s: the old or the new one is there and whole, and the error is named', async (code, name) => {
    const { calls: all } = await saveWith(async () => false)
    expect(all).toBeGreaterThan(15)
    for (let nth = 1; nth <= all; nth++) {
      const { parent, dir, thrown } = await saveWith(async (call) => call === nth && code)
      await sweep(parent)
      await verifyCheckpoint(dir)
      // What fails after the rename (syncing the parent, removing the old one) leaves the new one in place.
      const version = versionOf(dir)
      if (thrown !== null) expect(thrown).toMatchObject({ code: name, message: expect.stringContaining(dir) })
      else expect(version).toBe('two')
      expect(readdirSync(parent)).toEqual(['checkpoint-5'])
    }
  })

  test('the same when every later call fails as well, as on a disk that has gone', async () => {
    const { calls: all } = await saveWith(async () => false)
    for (let nth = 1; nth <= all; nth++) {
      const { parent, dir } = await saveWith(async (call) => call >= nth && 'EIO')
      await sweep(parent)
      await verifyCheckpoint(dir)
      versionOf(dir)
      expect(readdirSync(parent)).toEqual(['checkpoint-5'])
    }
  })
})

describe('C08 a rename that another program hinders', () => {
  test.each(['EPERM', 'EBUSY', 'EACCES'])('%s twice, then not: is tried again', async (code) => {
    let renames = 0
    const { dir, thrown } = await saveWith(async (_call, name) => name === 'rename' && ++renames <= 2 && code)
    expect(thrown).toBeNull()
    expect(versionOf(dir)).toBe('two')
  })

  test('for ever: a named error, and the old one is intact', async () => {
    const { parent, dir, thrown } = await saveWith(async (_call, name) => name === 'rename' && 'EBUSY')
    expect(thrown).toMatchObject({ code: 'busy', message: expect.stringContaining('EBUSY') })
    expect(versionOf(dir)).toBe('one')
    expect(readdirSync(parent)).toEqual(['checkpoint-5'])
  })

  test('something else is not tried again', async () => {
    let renames = 0
    const { thrown } = await saveWith(async (_call, name) => name === 'rename' && ++renames > 0 && 'EROFS')
    expect(thrown).toMatchObject({ code: 'internal' })
    expect(renames).toBe(1)
  })
})

describe('C01 killed while writing', () => {
  test('at random moments: the newest whole one is found, and the remains are swept', {
    timeout: 600_000,
  }, async () => {
    let kills = 0
    const rounds = amount(20, 100)
    for (let round = 0; round < rounds; round++) {
      const parent = await temporaryFolder()
      const child = fork(new URL('./save-for-ever.ts', import.meta.url), [parent], { execArgv: [] })
      const exited = new Promise((resolve) => child.on('exit', resolve))
      await new Promise((resolve) => child.once('message', resolve))
      // From right after the first one to some saves later: the phase of the kill is what differs.
      await new Promise((resolve) => setTimeout(resolve, 3 + (round * 86) / rounds))
      child.kill('SIGKILL')
      await exited
      kills += readdirSync(parent).some((name) => /\.(partial-\w+|replaced)$/.test(name)) ? 1 : 0
      await sweep(parent)
      const names = readdirSync(parent)
      expect(names).toContain('checkpoint-0')
      for (const name of names) {
        expect(name).toMatch(/^checkpoint-\d+$/)
        await verifyCheckpoint(join(parent, name))
        versionOf(join(parent, name))
      }
    }
    // Some of the kills came in the middle of a write; otherwise nothing was tested.
    expect(kills).toBeGreaterThan(3)
  })
})

describe('C02 what a killed process leaves', () => {
  test('is swept by its name only', async () => {
    const parent = await temporaryFolder()
    for (const name of ['checkpoint-5', '.removed-5', 'notes', 'my.partial-plan', 'a.replaced-part']) {
      await mkdir(join(parent, name))
    }
    await mkdir(partialPath(join(parent, 'checkpoint-6')))
    expect(await sweep(parent)).toHaveLength(2)
    expect(readdirSync(parent).sort()).toEqual(['a.replaced-part', 'checkpoint-5', 'my.partial-plan', 'notes'])
    expect(await sweep(join(parent, 'absent'))).toEqual([])
  })

  test('between the two renames, the former one gets its name back', async () => {
    const parent = await temporaryFolder()
    const dir = join(parent, 'checkpoint-5')
    await saveCheckpoint(dir, (temporary) => write(temporary, 'one'))
    await rename(dir, `${dir}.replaced`)
    await sweep(parent)
    await verifyCheckpoint(dir)
    expect(readdirSync(parent)).toEqual(['checkpoint-5'])
  })
})
