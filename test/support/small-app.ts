import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AppDeps } from '../../core/app/context.ts'
import { type App, createApp } from '../../core/app/create-app.ts'
import type { Run } from '../../core/contract/domain.ts'
import type { AppEvent } from '../../core/contract/events.ts'
import type { Call } from '../../core/contract/methods.ts'
import { memoryCall } from '../../core/host/doors/memory.ts'
import { systemClock } from '../../core/util/clock.ts'
import { type StartWorker, startOver, threadPort } from '../../core/worker/handle.ts'

const port = threadPort(new URL('./scripted-worker.ts', import.meta.url), {
  resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 },
})
/** Does what runs, predictions and texts want as a script says it: see scripted-worker.ts. */
export const startScripted: StartWorker = (spec, on) => startOver(port, spec, on)
export const tinyBert = join(import.meta.dirname, '..', 'golden', 'tiny-bert')

export interface SmallApp {
  readonly app: App
  readonly call: Call
  readonly events: AppEvent[]
  readonly home: string
  readonly cache: string
}

/** Folders of their own for one test, removed when it ends; in the cache the tiny model as starter, and a sample. */
export function temporaryPlace(): { home: string; cache: string } {
  const dir = mkdtempSync(join(tmpdir(), 'attune-app-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  const [home, cache] = [join(dir, 'home'), join(dir, 'cache')]
  const starter = join(cache, 'starters', 'minilm-l6')
  cpSync(tinyBert, starter, { recursive: true })
  const described = { name: 'minilm-l6', title: 'Tiny', description: 'Tiny.', licence: 'CC0', source: 'org/tiny' }
  writeFileSync(join(starter, 'starter.json'), JSON.stringify(described))
  const sample = join(cache, 'samples', 'spam-assassin')
  mkdirSync(sample, { recursive: true })
  writeFileSync(
    join(sample, 'sample.json'),
    JSON.stringify({ ...described, name: 'spam-assassin', title: 'Mails', file: 'mails.csv' }),
  )
  writeFileSync(join(sample, 'mails.csv'), mails(200))
  return { home, cache }
}

/** Labelled texts as CSV, half of them spam. */
export function mails(count: number): string {
  const rows = Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? `win a prize number ${i},spam` : `the meeting is at ${i},ham`,
  )
  return `text,label\n${rows.join('\n')}\n`
}

/** The real app over a place, with scripted runs; closed when the test ends. `onStart` sees what workers are given. */
export async function openApp(
  place: { home: string; cache: string },
  more: Partial<AppDeps> = {},
  onStart: (spec: Parameters<StartWorker>[0]) => void = () => {},
): Promise<SmallApp> {
  const app = await createApp({
    ...place,
    version: '1.2.3',
    clock: systemClock,
    startWorker(spec, on) {
      onStart(spec)
      return startScripted(spec, on)
    },
    engine: () => ({ info: null, problem: 'None is needed.' }),
    threads: 1,
    ...more,
  })
  let closed = false
  const close = async () => {
    if (!closed) await app.close()
    closed = true
  }
  onTestFinished(close)
  const events: AppEvent[] = []
  app.subscribe((event) => events.push(event))
  return { app: { ...app, close }, call: memoryCall(app.handlers), events, ...place }
}

/** The sample imported; its id and the starter's name are what runs need. */
export async function importSample({ call }: Pick<SmallApp, 'call'>): Promise<string> {
  return (await call('datasets.import', { source: { kind: 'sample', name: 'spam-assassin' } })).dataset.id
}

/** Looks until it is so, as long as the test may take. */
export async function until<T>(look: () => Promise<T>, isSo: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look()
    if (isSo(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function untilState({ call }: Pick<SmallApp, 'call'>, id: string, ...states: Run['state'][]): Promise<Run> {
  return until(
    async () => (await call('runs.get', { id })).run,
    ({ state }) => states.includes(state),
  )
}
