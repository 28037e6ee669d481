import { mkdir } from 'node:fs/promises'
import type { Model } from '../contract/domain.ts'
import { AttuneError, fromErrorPayload } from '../contract/errors.ts'
import type { ParsedInput } from '../contract/methods.ts'
import { type Blueprint, blueprints, sizesOf, sourceFromScratch } from '../contract/presets.ts'
import { nearest } from '../util/nearest.ts'
import type { WorkerHandle } from '../worker/handle.ts'
import type { CreateSpec, TokenizerSpec } from '../worker/protocol.ts'
import type { Cancellations } from './cancellations.ts'
import type { Context } from './context.ts'
import { namedBy } from './find.ts'
import { removeFolder, requireRoom } from './folders.ts'
import { newId } from './ids.ts'
import { takeOver } from './model-folders.ts'
import { uniqueName } from './names.ts'

type Wanted = ParsedInput<'models.create'>

const labels: Readonly<Record<string, string>> = {
  tokenizing: 'Learning tokens',
  saving: 'Drawing weights',
}

/** Makes a model in a thread of its own and registers it. Throws AttuneError: bad_config, not_found, disk_full, stopped. */
export async function createModel(context: Context, wanted: Wanted, cancellations: Cancellations): Promise<Model> {
  const { store, folders, deps } = context
  const blueprint = blueprintOf(wanted.architecture)
  const chosen = sizesOf(blueprint, wanted.size, wanted.fields)
  if ('problem' in chosen) throw new AttuneError('bad_config', chosen.problem)
  const tokenizer = tokenizerSpec(context, blueprint, wanted)
  const taken = new Set(store.models.list().map(({ name }) => name))
  const name = uniqueName(wanted.name ?? `${blueprint.title} ${wanted.size}`, taken)
  await requireRoom(folders.home, 4 * expectedParameters(context, blueprint, chosen.sizes, wanted), 'The model')

  const dir = `${folders.of('models', newId())}.new`
  await mkdir(dir, { recursive: true })
  try {
    const { architecture, seed, task } = wanted
    const spec: CreateSpec = { kind: 'create', architecture, sizes: chosen.sizes, seed, dir, tokenizer, name }
    await inThread(context, deps.startWorker, spec, task, cancellations)
    return await takeOver(context, dir, { name, source: sourceFromScratch(seed) })
  } catch (error) {
    await removeFolder(dir)
    throw error
  }
}

function blueprintOf(architecture: string): Blueprint {
  const blueprint = blueprints[architecture]
  if (blueprint) return blueprint
  const near = nearest(architecture, Object.keys(blueprints))
  const hint = near === null ? '' : ` (did you mean "${near}"?)`
  const known = Object.keys(blueprints).join(', ')
  throw new AttuneError('bad_config', `"${architecture}" cannot be made from scratch${hint}; what can be is ${known}.`)
}

function tokenizerSpec(
  { store, folders }: Context,
  { frame, title }: Blueprint,
  { tokenizer }: Wanted,
): TokenizerSpec | null {
  if (frame === null) {
    if (tokenizer === undefined) return null
    throw new AttuneError('bad_config', `tokenizer: ${title} reads no text. Leave it out.`)
  }
  if (tokenizer === undefined) {
    const message = `${title} reads text: say which tokenizer it takes, that of a model or one learned from a dataset.`
    throw new AttuneError('bad_config', message)
  }
  if (tokenizer.from === 'model') {
    const model = namedBy('model', tokenizer.model, store.models.list())
    if (model.tokenizerHash === '') {
      throw new AttuneError('bad_config', `tokenizer: the model "${model.name}" has none. Take another.`)
    }
    return { from: 'model', dir: folders.of('models', model.id) }
  }
  const { dataset: given, ...learned } = tokenizer
  const dataset = namedBy('dataset', given, store.datasets.list())
  return { ...learned, dir: folders.of('datasets', dataset.id) }
}

function expectedParameters(
  { store }: Context,
  blueprint: Blueprint,
  sizes: CreateSpec['sizes'],
  { tokenizer }: Wanted,
): number {
  if (blueprint.frame === null) return blueprint.parameters(blueprint.config(sizes, null))
  const size =
    tokenizer?.from === 'model'
      ? namedBy('model', tokenizer.model, store.models.list()).vocabSize
      : (tokenizer?.vocabSize ?? 0)
  return blueprint.parameters(blueprint.config(sizes, { size, padId: 0, eosId: null }))
}

function inThread(
  { bus }: Context,
  start: Context['deps']['startWorker'],
  spec: CreateSpec,
  task: string | undefined,
  cancellations: Cancellations,
): Promise<void> {
  const name = task ?? spec.name
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      forget()
      settle()
    }
    const handle: WorkerHandle = start(spec, {
      events(_seq, events) {
        for (const event of events) {
          const label = event.kind === 'phase' ? labels[event.phase] : undefined
          if (event.kind !== 'phase' || label === undefined) continue
          bus.emit({ type: 'progress', task: name, label, done: event.done ?? 0, total: event.total ?? null })
        }
      },
      done: () => end(resolve),
      failed: (error) => end(() => reject(fromErrorPayload(error))),
    })
    const forget = cancellations.add(name, () => handle.stop(false))
  })
}
