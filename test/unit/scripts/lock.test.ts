import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withLock } from '../../../scripts/setup/lock.mjs'

const module = pathToFileURL(join(import.meta.dirname, '../../../scripts/setup/lock.mjs')).href
let dir = ''
let lock = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'attune-lock-'))
  lock = join(dir, 'a.lock')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const script = (body: string) => [
  '--input-type=module',
  '-e',
  `import { withLock } from ${JSON.stringify(module)};${body}`,
]

/** Ended processes stay listed as zombies until their new parent looks. */
function runs(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)])
  return /^[^Z]/.test(stdout.toString())
}

test('is let go when the work fails', async () => {
  await expect(
    withLock(lock, async () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(existsSync(lock)).toBe(false)
})

test('a killed owner does not hold it', async () => {
  const child = spawn(
    process.execPath,
    script(
      `await withLock(${JSON.stringify(lock)}, () => new Promise(() => { console.log('held'); setInterval(() => {}, 1000) }))`,
    ),
  )
  await once(child.stdout, 'data')
  expect(JSON.parse(readFileSync(lock, 'utf8')).pid).toBe(child.pid)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await withLock(lock, async () => 'mine')).toBe('mine')
})

test('what a killed owner had under way is ended before the next begins', async () => {
  const command = pathToFileURL(join(import.meta.dirname, '../../../scripts/setup/command.mjs')).href
  const body = `import { run } from ${JSON.stringify(command)};
    await withLock(${JSON.stringify(lock)}, async () => { const done = run('sleep', ['600']); console.log('held'); await done })`
  const child = spawn(process.execPath, script(body))
  await once(child.stdout, 'data')
  const [{ pid }] = JSON.parse(readFileSync(lock, 'utf8')).commands
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(runs(pid)).toBe(true)
  await withLock(lock, async () => {
    expect(runs(pid)).toBe(false)
  })
})

test('an unreadable lock and a process number that came round again count as let go', async () => {
  writeFileSync(lock, '{"pid":')
  expect(await withLock(lock, async () => 1)).toBe(1)
  writeFileSync(lock, JSON.stringify({ pid: process.pid, start: '1' }))
  expect(await withLock(lock, async () => 2)).toBe(2)
})

test('processes that want it at once work one after the other', async () => {
  const log = join(dir, 'log')
  const body = `import { appendFileSync } from 'node:fs';
    for (let i = 0; i < 5; i++) await withLock(${JSON.stringify(lock)}, async () => {
      appendFileSync(${JSON.stringify(log)}, 'in ');
      await new Promise((go) => setTimeout(go, 5));
      appendFileSync(${JSON.stringify(log)}, 'out ');
    })`
  const children = [0, 1, 2].map(() =>
    spawn(process.execPath, script(body), { stdio: ['ignore', 'ignore', 'inherit'] }),
  )
  await Promise.all(children.map((child) => once(child, 'exit')))
  expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(15))
  expect(readdirSync(dir)).toEqual(['log'])
})
