import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { becomeOwner, isOwnerAlive } from '../../../core/store/owner.ts'
import { temporaryDir } from './small-store.ts'

test('an owner is alive until it lets go', () => {
  const dir = temporaryDir()
  const owner = becomeOwner(dir)
  expect(isOwnerAlive(dir, owner.id)).toBe(true)
  expect(isOwnerAlive(dir, `${process.pid}-never`)).toBe(false)
  owner.close()
  expect(isOwnerAlive(dir, owner.id)).toBe(false)
  expect(readdirSync(dir)).toEqual([])
})

test('an owner that is killed is no longer alive, and is swept by the next', async () => {
  const dir = temporaryDir()
  const module = join(import.meta.dirname, '../../../core/store/owner.ts')
  const script = `import { becomeOwner } from ${JSON.stringify(module)}
    const owner = becomeOwner(${JSON.stringify(dir)})
    process.stdout.write(owner.id)
    // Held on to: a database that nothing refers to is closed sooner or later.
    setInterval(() => owner.id, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [id] = await once(child.stdout.setEncoding('utf8'), 'data')
  expect(isOwnerAlive(dir, String(id))).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isOwnerAlive(dir, String(id))).toBe(false)
  const next = becomeOwner(dir)
  expect(readdirSync(dir)).toEqual([`${next.id}.lock`])
  next.close()
})
