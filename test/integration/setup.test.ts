import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

let home = ''
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'attune-setup-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function setup(...args: string[]): ChildProcess {
  const env = { ...process.env, ATTUNE_HOME: home }
  return spawn(process.execPath, [join(root, 'scripts', 'setup.mjs'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function ended(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

test('nothing but the command speaks on stdout', async () => {
  expect(await ended(setup('attune', '--version'))).toEqual({ code: 0, out: `${version}\n`, err: '' })
})

test("the command's exit code is passed on", async () => {
  const { code, out, err } = await ended(setup('attune', 'datasets', 'no-such-command', '--json'))
  expect(code).toBe(2)
  expect(`${out}${err}`).toContain('no-such-command')
})

test('an unknown command is answered with the known ones', async () => {
  const { code, err } = await ended(setup('strat'))
  expect(code).toBe(1)
  expect(err).toBe(
    '✗ Say what to do: start, attune, samples, test, golden, tokens, demo, soak, presets, check, build, bench, tool.\n',
  )
})

test('start serves the app, and a signal ends it in order', async () => {
  const child = setup('start', '--no-open', '--no-electron', '--port', '0')
  let text = ''
  const address = new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      text += chunk
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)
      if (found) resolve(found[0])
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.once('exit', () => reject(new Error(`it ended: ${text}`)))
  })
  const reply = await fetch(`${await address}/`)
  expect(await reply.text()).toContain('<div id="root">')
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number | null]
  expect(code).toBe(0)
  await expect(fetch(`${await address}/`)).rejects.toThrow()
})
