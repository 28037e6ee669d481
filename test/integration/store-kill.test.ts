import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../core/store/open.ts'
import { systemClock } from '../../core/util/clock.ts'
import { uniform } from '../../core/util/random.ts'
import { amount } from '../support/soak.ts'
import { addSmall, queueRun, startRun } from '../unit/store/small-store.ts'

const recordingProcess = fileURLToPath(new URL('../support/recording-process.ts', import.meta.url))
const claimingProcess = fileURLToPath(new URL('../support/claiming-process.ts', import.meta.url))
const writingThread = new URL('../support/writing-thread.ts', import.meta.url)

function temporaryDatabase(): string {
  const dir = mkdtempSync(join(tmpdir(), 'attune-kill-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  return join(dir, 'attune.sqlite')
}

const open = (path: string) => openStore(path, { clock: systemClock })

/** Records until it is killed, a random while after its first commit. Resolves to the last group told of. */
async function recordAndKill(path: string, run: string, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [recordingProcess, path, run], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = -1
  for await (const line of createInterface({ input: child.stdout })) {
    if (told === -1) setTimeout(() => child.kill('SIGKILL'), afterMs)
    told = Number(line)
  }
  return told
}

test('S01: killed at random moments while recording, nothing that was told of is lost', {
  timeout: 1_200_000,
}, async () => {
  const path = temporaryDatabase()
  const store = open(path)
  addSmall(store)
  startRun(store, 'a')
  store.close()
  for (let kill = 0; kill < amount(30, 200); kill++) {
    const told = await recordAndKill(path, 'a', 60 * uniform(1, kill))
    expect(told).toBeGreaterThan(0)

    const after = open(path)
    const due = after.queue.progress('a')?.nextSeq ?? 0
    expect(due).toBeGreaterThan(told)
    // Whole groups: as many points, log lines and ticks as groups, the last step the last group's.
    expect(after.runs.get('a')?.run.step).toBe(due * 10 - 1)
    expect(after.logs.list('a', due - 2, 10)).toMatchObject([{ seq: due - 1, text: `group ${due - 1}` }])
    after.close()
    const database = new Database(path, { readonly: true })
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
    const count = (sql: string) => database.prepare<[], number>(sql).pluck().get()
    expect(count('SELECT count(*) FROM metrics')).toBe(due * 20)
    expect(count('SELECT count(*) FROM ticks')).toBe(due * 10)
    database.close()
  }
})

test('S02: threads terminated within a transaction leave no part of it, and no lock', async () => {
  const path = temporaryDatabase()
  const store = open(path)
  onTestFinished(() => store.close())
  addSmall(store)
  startRun(store, 'a')
  const waits: number[] = []
  for (let thread = 0; thread < amount(20, 50); thread++) {
    const worker = new Worker(writingThread, { workerData: { path, run: 'a' } })
    await once(worker, 'message')
    await worker.terminate()
    const newest = store.logs.list('a', -1, 1_000_000).length
    expect(newest % 1000).toBe(thread)
    // The next writer gets in, and its own line is the odd one.
    const begun = performance.now()
    store.logs.add('a', { at: 0, level: 'info', text: 'between' })
    waits.push(performance.now() - begun)
  }
  const median = waits.sort((a, b) => a - b)[waits.length >> 1]
  expect(median).toBeLessThan(50)
})

test('S04: of four processes on one queue, each run is claimed by one, and one runs at a time', async () => {
  const path = temporaryDatabase()
  const store = open(path)
  onTestFinished(() => store.close())
  addSmall(store)
  const runs = Array.from({ length: 60 }, (_, i) => `run-${i}`)
  for (const run of runs) queueRun(store, run, 'gone')
  const claims = await Promise.all(
    ['one', 'two', 'three', 'four'].map(async (owner) => {
      const child = spawn(process.execPath, [claimingProcess, path, owner], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const lines: string[] = []
      for await (const line of createInterface({ input: child.stdout })) lines.push(line)
      return lines
    }),
  )
  const lines = claims.flat()
  expect(lines.map((line) => line.split(' ')[0]).toSorted()).toEqual(runs.toSorted())
  expect(lines.filter((line) => !line.endsWith(' 1 true'))).toEqual([])
})

test('S11: a data folder that cannot be written is named at the start', async () => {
  const dir = join(temporaryDatabase(), '..')
  const script = `import { openFolders } from ${JSON.stringify(join(import.meta.dirname, '../../core/app/folders.ts'))}
    import { chmodSync } from 'node:fs'
    chmodSync(${JSON.stringify(dir)}, 0o555)
    // The superuser may write anywhere.
    if (process.getuid() === 0) process.setuid(65534)
    try {
      openFolders(${JSON.stringify(dir)}, 'cache')
    } catch (error) {
      console.log(JSON.stringify({ code: error.code, message: error.message }))
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) lines.push(line)
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({
    code: 'bad_file',
    message: expect.stringMatching(/data folder .* cannot be written \(.*EACCES/),
  })
})
