import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { sweep, verifyCheckpoint } from '../checkpoint/save.ts'
import type { Context } from './context.ts'
import { exists } from './folders.ts'

const checkpointFolder = /^checkpoint-\d+$/

/** What of a checkpoint's trainer_state.json says where it stands. */
const trainerStateSchema = z.object({
  global_step: z.number().int().min(0),
  epoch: z.number(),
  best_global_step: z.number().int().optional(),
  log_history: z.array(z.record(z.string(), z.unknown())).default([]),
})

/**
 * After a run ended without a word: says so in its log, and makes record and disk agree. Between the two nothing is
 * atomic, so a checkpoint may be on the disk and not yet in the record (taken up), or pruned and still in it (taken out).
 * Never rejects: what could not be put right is in the log too.
 */
export async function afterInterruption(context: Context, id: string): Promise<void> {
  const say = (level: 'info' | 'warning', text: string) => {
    context.store.logs.add(id, { at: context.clock.now(), level, text })
  }
  try {
    say('warning', 'The program ended while this run was training. Its curves and checkpoints up to then are kept.')
    const dir = context.folders.of('runs', id)
    if (!(await exists(dir))) return
    await sweep(dir)
    await dropVanished(context, id, dir, say)
    await adoptUnrecorded(context, id, dir, say)
    say('info', whatIsLost(context, id))
    const cursor = context.store.queue.setBytes(id, context.store.checkpoints.bytes(id))
    if (cursor) context.bus.emit({ type: 'run', ...cursor })
  } catch (error) {
    try {
      say('warning', `Its checkpoints could not be checked: ${error instanceof Error ? error.message : String(error)}`)
    } catch {
      // The database is closed or the disk full: the record stays as it is, which is interrupted.
    }
  }
}

function whatIsLost({ store }: Context, id: string): string {
  const reached = store.queue.progress(id)?.draft.step ?? 0
  const [newest] = store.checkpoints.list(id)
  if (!newest) return 'It had no checkpoint yet: it can begin again.'
  const again = Math.max(0, reached - newest.step)
  const lost = again === 0 ? 'nothing is lost' : `${again} ${again === 1 ? 'step is' : 'steps are'} done again`
  return `It can go on from step ${newest.step}: ${lost}.`
}

type Say = (level: 'info' | 'warning', text: string) => void

async function dropVanished({ store }: Context, id: string, dir: string, say: Say): Promise<void> {
  for (const { step, folder } of store.checkpoints.list(id)) {
    if (await exists(join(dir, folder))) continue
    store.checkpoints.remove(id, step)
    say('info', `The checkpoint of step ${step} is not on the disk; it was being replaced.`)
  }
}

async function adoptUnrecorded({ store }: Context, id: string, dir: string, say: Say): Promise<void> {
  const recorded = new Set(store.checkpoints.list(id).map(({ folder }) => folder))
  for (const folder of await readdir(dir)) {
    if (!checkpointFolder.test(folder) || recorded.has(folder)) continue
    const path = join(dir, folder)
    try {
      const { files } = await verifyCheckpoint(path)
      const state = trainerStateSchema.parse(JSON.parse(await readFile(join(path, 'trainer_state.json'), 'utf8')))
      const steps = store.checkpoints.list(id).map(({ step }) => step)
      store.checkpoints.add(id, {
        at: Math.round((await stat(path)).mtimeMs),
        step: state.global_step,
        epoch: state.epoch,
        path,
        bytes: files.reduce((sum, { size }) => sum + size, 0),
        best: state.best_global_step === state.global_step,
        last: steps.every((step) => step < state.global_step),
        metrics: metricsOf(state.log_history.at(-1) ?? {}),
      })
      say('info', `The checkpoint of step ${state.global_step} was whole on the disk, and is in the record now.`)
    } catch (error) {
      say('warning', `${folder} is not a whole checkpoint: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

function metricsOf(entry: Readonly<Record<string, unknown>>): Record<string, number> {
  const named = Object.entries(entry).filter(
    (pair): pair is [string, number] => pair[0].includes('/') && typeof pair[1] === 'number',
  )
  return Object.fromEntries(named)
}
