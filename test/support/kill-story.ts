import { once } from 'node:events'
import { watch } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { verifyCheckpoint } from '../../core/checkpoint/save.ts'
import { uniform } from '../../core/util/random.ts'
import { finished, spawnAttune, tinyModelDir, writeMails } from './attune.ts'

/**
 * A run that is killed again and again, and gone on with each time, beside one that is not: real processes of the
 * command, on a real data home. For the quick test and for `npm run test:kill`.
 */
export interface StoryOptions {
  readonly home: string
  /** Beyond those of `storySettings`. */
  readonly settings: Readonly<Record<string, unknown>>
  /** With the number of the kill it decides when to kill. */
  readonly seed: number
  readonly kills: number
  /** Told of each kill. */
  tell(kill: Kill): void
}

export interface Kill {
  readonly number: number
  readonly moment: string
  /** The last step that the run's record had then. */
  readonly step: number
  /** Whether a checkpoint was half written, half replaced or half removed. */
  readonly amidSave: boolean
}

export interface Told {
  readonly kills: readonly Kill[]
  /** Runs that came to their end after having been killed. */
  readonly ended: number
  /** What was not as it must be: empty when all is well. */
  readonly problems: readonly string[]
}

const storySettings = { model: 'tiny', dataset: 'mails', max_length: 32, dropout: 0.1, lr_scheduler_type: 'cosine' }

/** Until so many kills have happened; a run that comes to its end before is compared, and another one begun. */
export async function tellStory({ home, settings, seed, kills, tell }: StoryOptions): Promise<Told> {
  await prepareHome(home)
  const trained = await finished(spawnAttune(home, ['train', await configOf(home, settings, 'unbroken'), '--json']))
  if (trained.code !== 0) return { kills: [], ended: 0, problems: [`the unbroken run failed: ${trained.stdout}`] }
  const unbroken = await endOf(home, 'unbroken')
  const told: Kill[] = []
  const problems: string[] = []
  let ended = 0
  for (let run = 1; told.length < kills && problems.length === 0; run++) {
    const name = `broken ${run}`
    const config = await configOf(home, settings, name)
    for (let isOver = false; !isOver && problems.length === 0; ) {
      const moment = told.length < kills ? momentOf(seed, told.length) : null
      const begun = recordOf(home, name) !== null
      const { code, output } = await trainAndKill(home, begun ? ['runs', 'resume', name] : ['train', config], moment)
      problems.push(...damageIn(home))
      if (code === null) {
        const kill = { number: told.length + 1, moment: describe(moment), ...(await standing(home, name)) }
        told.push(kill)
        tell(kill)
        continue
      }
      // It came to its end before the moment did.
      isOver = true
      if (code !== 0) problems.push(`"${name}" ended with exit code ${code}: ${output.slice(-2000)}`)
      else problems.push(...differences(unbroken, await endOf(home, name)).map((what) => `"${name}": ${what}`))
      ended++
    }
  }
  return { kills: told, ended, problems }
}

async function prepareHome(home: string): Promise<void> {
  const mails = join(home, 'mails.csv')
  await writeMails(mails, 200)
  for (const args of [
    ['models', 'add', tinyModelDir, '--name', 'tiny'],
    ['datasets', 'import', mails, '--name', 'mails'],
  ]) {
    const { code, stderr } = await finished(spawnAttune(home, args))
    if (code !== 0) throw new Error(`attune ${args.join(' ')} failed: ${stderr}`)
  }
}

async function configOf(home: string, settings: Readonly<Record<string, unknown>>, name: string): Promise<string> {
  const path = join(home, 'config.json')
  await writeFile(path, JSON.stringify({ ...storySettings, ...settings, name }))
  return path
}

/** When a process is killed: so long after its start, after steps of training, or after a checkpoint was begun. */
type Moment = { readonly after: 'start' | 'steps' | 'saves'; readonly count: number; readonly ms: number }

function momentOf(seed: number, kill: number): Moment {
  const draw = (word: number, most: number) => uniform(seed, kill, word) * most
  const kind = draw(0, 10)
  if (kind < 2) return { after: 'start', count: 0, ms: draw(1, 2500) }
  if (kind < 5) return { after: 'steps', count: 1 + Math.floor(draw(2, 40)), ms: draw(1, 50) }
  return { after: 'saves', count: 1 + Math.floor(draw(2, 6)), ms: draw(1, 60) }
}

function describe(moment: Moment | null): string {
  if (moment === null) return 'never'
  const { after, count, ms } = moment
  return `${ms.toFixed(1)} ms after ${after === 'start' ? 'its start' : `${count} ${after}`}`
}

/** Runs a command until its moment comes. Resolves to its exit code; null when it was killed. */
async function trainAndKill(
  home: string,
  args: readonly string[],
  moment: Moment | null,
): Promise<{ code: number | null; output: string }> {
  const child = spawnAttune(home, [...args, '--watch', '--json'])
  const exited = once(child, 'exit') as Promise<[number | null]>
  let output = ''
  child.stderr.on('data', (text: Buffer) => {
    output += text.toString()
  })
  const strike = () => {
    if (moment) void pause(moment.ms).then(() => child.kill('SIGKILL'))
  }
  if (moment?.after === 'start') strike()
  let steps = 0
  let saves = 0
  let watcher: ReturnType<typeof watch> | null = null
  for await (const line of createInterface({ input: child.stdout })) {
    output += `${line}\n`
    const event = JSON.parse(line) as { event?: string; run?: string; state?: string; values?: object }
    if (event.event === 'metrics' && event.values && 'train/loss' in event.values && ++steps === moment?.count) {
      if (moment.after === 'steps') strike()
    }
    if (event.event === 'state' && event.state === 'running' && moment?.after === 'saves') {
      watcher ??= watch(join(home, 'runs', String(event.run)), (_, name) => {
        if (name?.includes('.partial-') && ++saves === moment.count) strike()
      })
    }
  }
  const [code] = await exited
  watcher?.close()
  return { code, output }
}

function withDatabase<T>(home: string, look: (database: Database.Database) => T): T {
  const database = new Database(join(home, 'attune.sqlite'), { readonly: true })
  try {
    return look(database)
  } finally {
    database.close()
  }
}

/** As the killed process left it, before anyone else has opened it. */
function damageIn(home: string): string[] {
  return withDatabase(home, (database) => [
    ...(database.pragma('integrity_check', { simple: true }) === 'ok' ? [] : ['the database is corrupt']),
    ...((database.pragma('foreign_key_check') as unknown[]).length === 0
      ? []
      : ['a row of the database refers to none']),
  ])
}

function recordOf(home: string, name: string): { id: string; state: string; step: number } | null {
  const sql = 'SELECT id, state, step FROM runs WHERE name = ?'
  return withDatabase(
    home,
    (database) => database.prepare<[string], { id: string; state: string; step: number }>(sql).get(name) ?? null,
  )
}

async function standing(home: string, name: string): Promise<{ step: number; amidSave: boolean }> {
  const run = recordOf(home, name)
  const names = run === null ? [] : await readdir(join(home, 'runs', run.id)).catch(() => [])
  return { step: run?.step ?? 0, amidSave: names.some((file) => /\.partial-|\.replaced$|^\.removed-/.test(file)) }
}

/** All that must be the same, by what it is. */
type End = Readonly<Record<string, string>>

async function endOf(home: string, name: string): Promise<End> {
  const run = recordOf(home, name)
  if (run === null) return { state: 'absent' }
  const dir = join(home, 'runs', run.id)
  const folders = (await readdir(dir)).sort()
  const end: Record<string, string> = { state: run.state, step: String(run.step), folders: folders.join(' ') }
  for (const folder of folders) {
    await verifyCheckpoint(join(dir, folder))
    for (const file of (await readdir(join(dir, folder))).filter((file) => file.endsWith('.safetensors'))) {
      end[`${folder}/${file}`] = (await readFile(join(dir, folder, file))).toString('base64')
    }
  }
  const points = "SELECT series, step, value FROM metrics WHERE run = ? AND series NOT LIKE 'perf/%' ORDER BY 1, 2"
  const rows = withDatabase(home, (database) => database.prepare<[string], unknown>(points).all(run.id))
  const checkpoints = 'SELECT step, best, last, metrics FROM checkpoints WHERE run = ? ORDER BY step'
  const recorded = withDatabase(home, (database) => database.prepare<[string], unknown>(checkpoints).all(run.id))
  return { ...end, curves: JSON.stringify(rows), checkpoints: JSON.stringify(recorded) }
}

function differences(unbroken: End, broken: End): string[] {
  const names = new Set([...Object.keys(unbroken), ...Object.keys(broken)])
  return [...names].filter((name) => unbroken[name] !== broken[name]).map((name) => `${name} differs`)
}
