import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { Run } from '../../core/contract/domain.ts'
import { uniform } from '../../core/util/random.ts'
import { startWorker } from '../../core/worker/handle.ts'
import { attune, startAttune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'
import { openApp, untilState } from '../support/small-app.ts'
import { amount } from '../support/soak.ts'

/** A home with a model and a dataset; the settings file of a run in it. */
async function readyHome(settings: object): Promise<{ home: string; config: string }> {
  const home = await temporaryHome()
  await writeMails(join(home, 'mails.csv'), 200)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  await attune(home, 'datasets', 'import', join(home, 'mails.csv'), '--name', 'mails')
  const config = join(home, 'config.json')
  const shared = { model: 'tiny', dataset: 'mails', max_length: 32, precision: 'fp32', name: 'run' }
  await writeFile(config, JSON.stringify({ ...shared, ...settings }))
  return { home, config }
}

/** Starts a command that trains; `onStep` is called with each step that it tells of, counted from its start. */
async function follow(
  home: string,
  args: string[],
  onStep: (count: number, signal: (name: NodeJS.Signals) => void) => void,
) {
  const child = startAttune(home, [...args, '--watch', '--json'])
  const exited = once(child, 'exit')
  let count = 0
  let last: { run?: Run } = {}
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event?: string; run?: Run }
    if (event.event === undefined) last = event
    if (event.event === 'metrics') onStep(++count, (name) => child.kill(name))
  }
  const [code] = (await exited) as [number | null]
  return { code, run: last.run }
}

test('E05: a process that trains is killed: another sees it within a second, and goes on with the run', {
  timeout: 1_200_000,
}, async () => {
  const { home, config } = await readyHome({ max_steps: 5000, save_steps: 10, eval_steps: 100 })
  const window = await openApp({ home, cache: join(home, 'cache') }, { startWorker, threads: 2 })
  const runs = async () => (await window.call('runs.list', {})).runs
  const kills = amount(3, 50)
  let furthest = 0
  for (let kill = 0; kill < kills; kill++) {
    const after = 1 + Math.floor(uniform(5, kill) * 60)
    const args = kill === 0 ? ['train', config] : ['runs', 'resume', 'run']
    const { code } = await follow(home, args, (count, signal) => {
      if (count === after) setTimeout(() => signal('SIGKILL'), 30 * uniform(6, kill))
    })
    expect(code).toBeNull()
    const killedAt = performance.now()
    const [run] = await runs()
    // One that was killed before it had begun again waits still, for whoever takes it up.
    await untilState(window, run?.id ?? '', 'interrupted', 'queued')
    expect(performance.now() - killedAt).toBeLessThan(1000)
    furthest = Math.max(furthest, run?.step ?? 0)
  }
  expect(furthest).toBeGreaterThan(0)

  // One click, in the window that is open.
  const [run] = await runs()
  const id = run?.id ?? ''
  await window.call('runs.resume', { id })
  const begun = await untilState(window, id, 'running', 'failed')
  expect(begun.error).toBeNull()
  for (let step = 0; step < furthest + 5; await pause(50)) {
    const now = (await window.call('runs.get', { id })).run
    expect(now.state).toBe('running')
    step = now.step
  }
  await window.call('runs.stop', { id, keep: false })
  await untilState(window, id, 'stopped')
})

test('C12: a process that trains is stopped for a while, as by a machine that sleeps, and goes on', async () => {
  const { home, config } = await readyHome({ max_steps: 300, save_steps: 50, eval_steps: 100 })
  const asleepMs = amount(2000, 60_000)
  const { code, run } = await follow(home, ['train', config], (count, signal) => {
    if (count !== 40) return
    signal('SIGSTOP')
    setTimeout(() => signal('SIGCONT'), asleepMs)
  })
  expect(code).toBe(0)
  expect(run).toMatchObject({ state: 'finished', step: 300, error: null })
  expect((run?.endedAt ?? 0) - (run?.startedAt ?? 0)).toBeGreaterThan(asleepMs)

  const database = new Database(join(home, 'attune.sqlite'), { readonly: true })
  const elapsed = database.prepare<[], number>('SELECT elapsed_ms FROM ticks ORDER BY step').pluck().all()
  database.close()
  expect(elapsed).toHaveLength(300)
  expect(elapsed).toEqual(elapsed.toSorted((a, b) => a - b))
})

test('C13: training, evaluating and predicting again and again keeps no tensor, and no more memory', {
  timeout: 1_200_000,
}, async () => {
  const rounds = amount(14, 24)
  const script = fileURLToPath(new URL('../support/steady-memory.ts', import.meta.url))
  const args = ['--expose-gc', script, await temporaryHome(), String(rounds), String(amount(50, 1000))]
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const found: { tensors: number; rss: number; heapUsed: number }[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) found.push(JSON.parse(line) as (typeof found)[number])
  }
  expect(found).toHaveLength(rounds)
  expect(found.map(({ tensors }) => tensors)).toEqual(found.map(() => 0))
  // Allocators and compiled code settle in the first rounds: seen as steps of 25 MB up to the sixth, and none after.
  const settled = found.slice(6, 9)
  const last = found.slice(-3)
  for (const kind of ['rss', 'heapUsed'] as const) {
    const [before, after] = [settled, last].map((some) => Math.min(...some.map((each) => each[kind])))
    expect((after as number) / (before as number)).toBeLessThan(1.05)
  }
})
