import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Run } from '../../core/contract/domain.ts'
import type { Call, Input, MethodName, Output } from '../../core/contract/methods.ts'
import { attune, startAttune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'

/** A served app as a process of its own, and a page's way to call it. */
async function servedAttune(home: string) {
  const child = startAttune(home, ['serve', '--no-open', '--port', '0', '--json'])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const closed = once(child, 'close') as Promise<[number | null]>
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const url = new URL((JSON.parse(line) as { url: string }).url)
  const token = url.hash.slice('#token='.length)
  const headers: Record<string, string> = { Origin: url.origin, 'X-Attune': '1', 'Content-Type': 'application/json' }
  const post = (path: string, body: unknown) =>
    fetch(`${url.origin}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  headers.Cookie = ((await post('session', { token })).headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const call: Call = async <M extends MethodName>(method: M, input: Input<M>) => {
    const reply = (await (await post(method, input)).json()) as { value: Output<M>; error?: { message: string } }
    if (reply.error) throw new Error(reply.error.message)
    return reply.value
  }
  return { child, closed, call, token, stderr: () => stderr }
}

test('a server that is told to end lets its run save, leaves the next one queued, and never wrote its token down', async () => {
  const home = await temporaryHome()
  const mails = join(home, 'mails.csv')
  await writeMails(mails, 400)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  await attune(home, 'datasets', 'import', mails, '--name', 'mails')
  const s = await servedAttune(home)
  const settings = { model: 'tiny', dataset: 'mails', max_length: 32, num_train_epochs: 900 }
  const { run } = await s.call('runs.create', { config: { ...settings, name: 'first' } })
  await s.call('runs.create', { config: { ...settings, name: 'second' } })
  const step = async () => (await s.call('runs.get', { id: run.id })).run.step
  await expect.poll(step, { timeout: 20_000 }).toBeGreaterThan(2)

  s.child.kill('SIGINT')
  const [code] = await s.closed
  expect({ code, stderr: s.stderr() }).toEqual({ code: 0, stderr: expect.stringContaining('save their weights') })
  const { json } = await attune(home, 'runs', 'list', '--json')
  const states = (json[0] as { runs: Run[] }).runs.map(({ name, state }) => [name, state])
  expect(states).toEqual([
    ['second', 'queued'],
    ['first', 'stopped'],
  ])
  const predicted = await attune(home, 'predict', 'first', '--checkpoint', 'last', '--text', 'free money', '--json')
  expect(predicted.code, predicted.stderr).toBe(0)

  // L07: in no file, no log, no note.
  expect(s.stderr()).not.toContain(s.token)
  const entries = await readdir(home, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((each) => each.isFile())) {
    const content = await readFile(join(entry.parentPath, entry.name))
    expect({ file: entry.name, holdsToken: content.includes(s.token) }).toEqual({ file: entry.name, holdsToken: false })
  }
})

test('a run of the command line is seen by a server on the same home while it trains', async () => {
  const home = await temporaryHome()
  const mails = join(home, 'mails.csv')
  await writeMails(mails, 200)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  await attune(home, 'datasets', 'import', mails, '--name', 'mails')
  const s = await servedAttune(home)
  const child = startAttune(home, ['train', '-', '--watch', '--json'])
  child.stdin.end(
    JSON.stringify({ model: 'tiny', dataset: 'mails', max_length: 32, num_train_epochs: 900, name: 'cli' }),
  )
  child.stdout.resume()
  const seen = async () => (await s.call('runs.list', {})).runs[0]
  await expect.poll(async () => (await seen())?.step ?? 0, { timeout: 20_000 }).toBeGreaterThan(2)
  expect(await seen()).toMatchObject({ name: 'cli', state: 'running' })
  // And stopped from the page.
  await s.call('runs.stop', { id: (await seen())?.id ?? '' })
  await once(child, 'close')
  expect((await seen())?.state).toBe('stopped')
})
