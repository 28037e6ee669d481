import { AttuneError, type ErrorPayload } from '../contract/errors.ts'
import type { GeneratedText, Generation } from '../contract/generation.ts'
import type { Handlers } from '../contract/methods.ts'
import { outputTasks, writingTasks } from '../contract/settings.ts'
import type { WorkerHandle } from '../worker/handle.ts'
import type { GenerateSpec } from '../worker/protocol.ts'
import { requireCheckpoint } from './checkpoints.ts'
import type { Context } from './context.ts'
import { requireRun } from './find.ts'
import { newId } from './ids.ts'

/** Generations that can still be asked for after their end. */
const kept = 20

/** One generation, from its start until it is forgotten. */
interface Entry {
  readonly id: string
  readonly run: string
  readonly spec: GenerateSpec
  readonly texts: GeneratedText[]
  handle: WorkerHandle | null
  ended: boolean
  error: ErrorPayload | null
}

/** Texts that a run's weights write, one generation at a time: each loads a model, and all share the machine. */
export function generationHandlers(context: Context): {
  handlers: Pick<Handlers, 'generations.start' | 'generations.get' | 'generations.cancel'>
  close(): Promise<void>
} {
  const { store, folders, deps, bus } = context
  const entries = new Map<string, Entry>()
  const waiting: Entry[] = []
  let present: Entry | null = null

  const announce = ({ id }: Entry) => bus.emit({ type: 'generation', id })
  const require = (id: string): Entry => {
    const entry = entries.get(id)
    if (!entry) throw new AttuneError('not_found', `There is no generation ${id} (any more): start it again.`, { id })
    return entry
  }
  const end = (entry: Entry, error: ErrorPayload | null) => {
    entry.ended = true
    entry.error = error
    if (present === entry) present = null
    announce(entry)
    next()
  }
  const next = () => {
    if (present !== null) return
    const entry = waiting.shift()
    if (!entry) return
    present = entry
    entry.handle = deps.startWorker(entry.spec, {
      events: () => {},
      predictions: () => {},
      text: (row, text) => {
        const written = entry.texts[row]
        if (written) entry.texts[row] = { ...written, text: written.text + text }
        announce(entry)
      },
      textEnd: (row, reason, tokens) => {
        const written = entry.texts[row]
        if (written) entry.texts[row] = { ...written, reason, tokens }
        announce(entry)
      },
      done: () => end(entry, null),
      failed: (error) => end(entry, error),
    })
  }

  return {
    async close() {
      waiting.length = 0
      await present?.handle?.terminate()
    },
    handlers: {
      'generations.start': async ({ run: id, checkpoint: wanted, prompts, options }) => {
        const run = requireRun(store, id)
        if (!writingTasks.includes(run.config.task) && !outputTasks.includes(run.config.task)) {
          const message = `The run ${run.name} was trained for ${run.config.task}: it writes no text. Predict with it instead.`
          throw new AttuneError('unsupported', message, { id })
        }
        const checkpoint = await requireCheckpoint(context, id, wanted)
        const spec: GenerateSpec = {
          kind: 'generate',
          checkpointDir: checkpoint.path,
          modelDir: folders.of('models', run.model.id),
          config: run.config,
          prompts,
          options,
          threads: deps.threads,
        }
        const texts = prompts.map((prompt) => ({ prompt, text: '', reason: null, tokens: 0 }))
        const entry: Entry = { id: newId(), run: id, spec, texts, handle: null, ended: false, error: null }
        entries.set(entry.id, entry)
        for (const old of [...entries.values()].filter(({ ended }) => ended).slice(0, -kept)) entries.delete(old.id)
        waiting.push(entry)
        next()
        return { generation: told(entry) }
      },
      'generations.get': ({ id }) => ({ generation: told(require(id)) }),
      'generations.cancel': ({ id }) => {
        const entry = require(id)
        const place = waiting.indexOf(entry)
        if (place >= 0) {
          waiting.splice(place, 1)
          end(entry, null)
        } else entry.handle?.stop(false)
        return { generation: told(entry) }
      },
    },
  }
}

function told({ id, run, texts, ended, error }: Entry): Generation {
  return { id, run, texts: [...texts], ended, error }
}
