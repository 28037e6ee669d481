import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { guardWal } from '../../core/app/wal-guard.ts'
import type { Run } from '../../core/contract/domain.ts'
import { listBackups } from '../../core/store/backup-files.ts'
import { openStore } from '../../core/store/open.ts'
import { systemClock } from '../../core/util/clock.ts'
import { attune, startAttune, tinyModelDir, writeMails } from '../support/attune.ts'
import { buildFailingCalls, type Failure, failingEnvironment, noFailingCalls } from '../support/failing-calls.ts'
import { plays } from '../support/scripted-worker.ts'
import { importSample, openApp, temporaryPlace, until, untilState } from '../support/small-app.ts'
import { fillDisk, noSmallDisk, smallDisk } from '../support/small-disk.ts'
import { amount } from '../support/soak.ts'
import { errorOf } from '../support/temporary.ts'
import { addSmall, metricsAt, startRun } from '../unit/store/small-store.ts'

const recordingProcess = fileURLToPath(new URL('../support/recording-process.ts', import.meta.url))
const savingProcess = fileURLToPath(new URL('../support/saving-process.ts', import.meta.url))
const readingProcess = fileURLToPath(new URL('../support/reading-process.ts', import.meta.url))
const lockingProcess = fileURLToPath(new URL('../support/locking-process.ts', import.meta.url))

function integrityOf(home: string): unknown {
  const database = new Database(join(home, 'attune.sqlite'), { readonly: true })
  try {
    return database.pragma('integrity_check', { simple: true })
  } finally {
    database.close()
  }
}

describe('S03: the disk becomes full', () => {
  /** A data home on a small disk, with a model, a dataset and a settings file. */
  async function homeOn(
    disk: string,
    settings: object,
  ): Promise<{ home: string; config: (name: string) => Promise<string> }> {
    const home = join(disk, 'home')
    mkdirSync(home)
    await writeMails(join(home, 'mails.csv'), 200)
    await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
    await attune(home, 'datasets', 'import', join(home, 'mails.csv'), '--name', 'mails')
    const config = async (name: string) => {
      const path = join(home, `${name}.json`)
      const shared = { model: 'tiny', dataset: 'mails', max_length: 32, precision: 'fp32', dropout: 0.1 }
      await writeFile(path, JSON.stringify({ ...shared, ...settings, name }))
      return path
    }
    return { home, config }
  }

  /** Trains until the run told of so many steps, fills the disk, and waits for its end. */
  async function trainUntilFull(home: string, disk: string, config: string, steps: number) {
    const child = startAttune(home, ['train', config, '--watch', '--json'])
    const exited = once(child, 'exit')
    let free: (() => void) | null = null
    let told: { run?: Run } = {}
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line) as { event?: string; step?: number; run?: Run }
      if (event.event === 'metrics' && (event.step ?? 0) >= steps) free ??= fillDisk(disk)
      if (event.event === undefined) told = event
    }
    const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null]
    // A signal would be a crash, and says which.
    expect(signal).toBeNull()
    return { code, run: told.run, free: free as (() => void) | null }
  }

  test.for([
    ['while metrics are written', { max_steps: 800, eval_steps: 800, save_steps: 100_000 }],
    ['before a checkpoint', { max_steps: 1200, eval_steps: 1200, save_steps: 150 }],
  ] as const)('%s: the run pauses, says so, and goes on when there is room', async ([, settings], { skip }) => {
    const disk = smallDisk(256)
    if (disk === null) return skip(noSmallDisk)
    const { home, config } = await homeOn(disk, settings)
    const unbroken = await attune(home, 'train', await config('unbroken'), '--json')
    expect(unbroken.code, unbroken.stderr + unbroken.stdout).toBe(0)

    const { code, run, free } = await trainUntilFull(home, disk, await config('broken'), 100)
    expect(code).toBe(1)
    expect(run).toMatchObject({ state: 'paused', error: { code: 'disk_full', message: expect.stringMatching(/full/) } })
    expect(run?.step).toBeGreaterThanOrEqual(100)
    expect(integrityOf(home)).toBe('ok')

    // On the full disk the record can still be looked at.
    const listed = await attune(home, 'runs', 'list', '--json')
    expect(listed.code, listed.stdout).toBe(0)
    free?.()
    const resumed = await attune(home, 'runs', 'resume', 'broken', '--json')
    expect(resumed.code, resumed.stdout + resumed.stderr).toBe(0)
    const ends = [unbroken, resumed].map(({ json }) => (json.at(-1) as { run: Run }).run)
    expect(ends[1]).toMatchObject({ state: 'finished', error: null, step: ends[0]?.step })
    for (const series of ['train/loss', 'eval/loss']) expect(ends[1]?.metrics[series]).toEqual(ends[0]?.metrics[series])
  })
})

describe('S08: the database is damaged', () => {
  const damages: [string, (path: string) => void][] = [
    ['truncated', (path) => truncateSync(path, statSync(path).size / 2)],
    ['with a flipped page', (path) => flipPage(path)],
    ['with its -wal file deleted', (path) => rmSync(`${path}-wal`)],
    ['of no length', (path) => truncateSync(path, 0)],
  ]
  const flipPage = (path: string) => {
    const file = openSync(path, 'r+')
    const size = 4096
    writeSync(file, Buffer.alloc(size, 0x5a), 0, size, 3 * size)
    closeSync(file)
  }

  /** A home with a backup, and with commits after it in the -wal file, as a killed process leaves it. */
  async function killedHome(): Promise<string> {
    const place = temporaryPlace()
    const small = await openApp(place)
    const dataset = await importSample(small)
    const config = { model: 'Tiny', dataset, max_length: 32, adam_epsilon: plays.train, name: 'before' }
    const { run } = await small.call('runs.create', { config })
    await untilState(small, run.id, 'finished')
    await small.app.close()
    const path = join(place.home, 'attune.sqlite')
    expect(listBackups(path)).not.toHaveLength(0)
    const writer = openStore(path, { clock: systemClock })
    writer.runs.add({ ...run, id: 'later', name: 'later', owner: 'killed' })
    writer.close()
    const child = spawn(process.execPath, [recordingProcess, path, 'later', 'killed'])
    for await (const line of createInterface({ input: child.stdout })) if (Number(line) >= 8) child.kill('SIGKILL')
    return place.home
  }

  test.each(damages)('%s: it is told of at the start, and its backup put back on request', async (_, damage) => {
    const home = await killedHome()
    const path = join(home, 'attune.sqlite')
    damage(path)
    const before = readFileSync(path)
    const refused = await attune(home, 'runs', 'list', '--json')
    expect(refused.code).toBe(1)
    expect(refused.json.at(-1)).toMatchObject({
      error: {
        code: 'bad_file',
        message: expect.stringMatching(/damaged.*"attune backups restore" puts the backup of/),
      },
    })
    expect(readFileSync(path).equals(before)).toBe(true)

    const [backup] = listBackups(path)
    const listed = await attune(home, 'backups', 'list', '--json')
    expect(listed.json.at(-1)).toMatchObject({ backups: expect.arrayContaining([{ ...backup }]) })
    const restored = await attune(home, 'backups', 'restore', '--json')
    expect(restored.code, restored.stdout).toBe(0)
    const { aside } = restored.json.at(-1) as { aside: string }
    expect(readFileSync(aside).equals(before)).toBe(true)
    const runs = await attune(home, 'runs', 'list', '--json')
    expect((runs.json.at(-1) as { runs: Run[] }).runs.map(({ name, state }) => [name, state])).toEqual([
      ['before', 'finished'],
    ])
    expect(integrityOf(home)).toBe('ok')
  })

  test('while Attune is open, nothing is put back', async () => {
    const small = await openApp(temporaryPlace())
    const refused = await attune(small.home, 'backups', 'restore', '--json')
    expect(refused.code).toBe(1)
    expect(refused.json.at(-1)).toMatchObject({
      error: { code: 'conflict', message: expect.stringMatching(/Close it/) },
    })
  })
})

test('S10: whichever call fails while a run is saved, all of an act is there or nothing of it', async (context) => {
  const dir = dirname(temporaryPlace().home)
  const library = buildFailingCalls(dir)
  if (library === null) return context.skip(noFailingCalls)
  const origin = join(dir, 'origin.sqlite')
  const store = openStore(origin, { clock: systemClock })
  addSmall(store)
  store.close()
  const child = spawn(process.execPath, [savingProcess, origin, dir, String(amount(5, 1))], {
    env: { ...process.env, ...failingEnvironment(dir, library, 'failing.sqlite') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  interface Attempt extends Failure {
    readonly acknowledged: number
    readonly error: string | null
    readonly found: number
    readonly isMixed: boolean
    readonly integrity: unknown
    readonly fired: boolean
  }
  const attempts: Attempt[] = []
  for await (const line of createInterface({ input: child.stdout })) attempts.push(JSON.parse(line) as Attempt)
  const [untroubled, ...troubled] = attempts
  expect(untroubled).toMatchObject({ acknowledged: 5, found: 5, isMixed: false, error: null })
  for (const code of ['ENOSPC', 'EIO']) {
    expect(troubled.filter((each) => each.code === code && each.fired).length).toBeGreaterThan(20)
  }
  const wrong = troubled.filter(({ acknowledged, found, isMixed, integrity, error }) => {
    // The act that failed may be there none the less: its commit was written, and only the answer was bad.
    const isOldOrNew = found === acknowledged || found === acknowledged + 1
    const isNamed = error === null || ['disk_full', 'bad_file', 'busy'].includes(error)
    return !isOldOrNew || isMixed || integrity !== 'ok' || !isNamed
  })
  expect(wrong).toEqual([])
})

test('S09: a long reader is named when it keeps the -wal file from being emptied, which then is', async () => {
  const path = join(temporaryPlace().home, '..', 'attune.sqlite')
  const store = openStore(path, { clock: systemClock })
  onTestFinished(() => store.close())
  addSmall(store)
  startRun(store, 'a')
  const reader = spawn(process.execPath, [readingProcess, path])
  onTestFinished(() => {
    reader.kill()
  })
  await once(reader.stdout, 'data')
  const mebi = 2 ** 20
  const limits = { emptyAt: amount(1, 64) * mebi, warnAt: amount(4, 256) * mebi }
  const guard = guardWal({ store, clock: systemClock }, limits)
  onTestFinished(guard.close)

  const warnings = () => store.logs.list('a', -1, 100).map(({ text }) => text)
  const groups = amount(60, 500)
  for (let seq = 0; seq < groups; seq++) {
    const events = Array.from({ length: 500 }, (_, i) =>
      metricsAt(seq * 500 + i, { 'train/loss': i, 'train/grad_norm': 1, 'eval/loss': 2, 'train/learning_rate': 3 }),
    )
    store.recorder.record('a', seq, events)
    guard.look()
    expect(store.wal.bytes() < limits.warnAt || warnings().length > 0).toBe(true)
  }
  if (warnings().length > 0) expect(warnings()).toEqual([expect.stringContaining(`process ${reader.pid} (`)])
  else expect(amount(0, 1)).toBe(1) // Only the long form may do without.
  reader.kill()
  await once(reader, 'exit')
  guard.look()
  expect(store.wal.bytes()).toBe(0)
})

describe('S05: another process holds the lock', () => {
  async function holdLock(home: string, ms: number): Promise<void> {
    const child = spawn(process.execPath, [lockingProcess, join(home, 'attune.sqlite'), String(ms)])
    onTestFinished(() => {
      child.kill()
    })
    await once(child.stdout, 'data')
  }

  test('for a while: a command waits for it', async () => {
    const small = await openApp(temporaryPlace())
    const dataset = await importSample(small)
    const ms = amount(1000, 3000)
    await holdLock(small.home, ms)
    const begun = performance.now()
    await small.call('runs.create', { config: { model: 'Tiny', dataset, max_length: 32, adam_epsilon: plays.train } })
    expect(performance.now() - begun).toBeGreaterThan(ms / 2)
    expect((await small.call('runs.list', {})).runs).toHaveLength(1)
  })

  test('for long: a command says so and changes nothing, a run goes on and loses nothing', async () => {
    const small = await openApp(temporaryPlace())
    const dataset = await importSample(small)
    const config = { model: 'Tiny', dataset, max_length: 32, adam_epsilon: plays.untilStopped }
    const { run } = await small.call('runs.create', { config })
    await until(
      async () => (await small.call('runs.get', { id: run.id })).run,
      ({ step }) => step > 10,
    )

    const released = performance.now() + amount(6500, 30_000)
    await holdLock(small.home, released - performance.now())
    const error = await errorOf('busy', () => small.call('runs.create', { config: { ...config, name: 'second' } }))
    expect(error.message).toMatch(/is locked by another process\. Nothing was changed/)
    const { step: before } = (await small.call('runs.get', { id: run.id })).run
    await until(
      async () => performance.now(),
      (now) => now > released + 1000,
    )

    const { step } = (await small.call('runs.get', { id: run.id })).run
    expect(step).toBeGreaterThan(before)
    await small.call('runs.stop', { id: run.id, keep: true })
    const ended = await untilState(small, run.id, 'stopped')
    const { series } = await small.call('metrics.series', {
      ...{ runs: [run.id], series: ['train/loss'], width: 4000, smoothing: 0 },
    })
    expect(series[0]?.total).toBe(ended.step)
    const { lines } = await small.call('runs.log', { id: run.id })
    expect(lines.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/held the database's lock for \d+ s\. The run went on meanwhile/),
    )
    expect((await small.call('runs.list', {})).runs.map(({ name }) => name)).not.toContain('second')
  })
})
