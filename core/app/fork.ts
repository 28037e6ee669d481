import { join } from 'node:path'
import { linkCheckpoint } from '../checkpoint/link.ts'
import type { Run, RunStart } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { ParsedInput } from '../contract/methods.ts'
import { labelsFor } from '../contract/roles.ts'
import type { SettingName } from '../contract/settings.ts'
import { optimizerBytes, requireCheckpoint } from './checkpoints.ts'
import { decideConfig } from './config.ts'
import type { Context } from './context.ts'
import { namedBy, requireDataset, requireModel, requireRun } from './find.ts'
import { type Folders, removeFolder } from './folders.ts'
import { newId } from './ids.ts'
import { createRun, type Lineage, type Written } from './new-run.ts'

/** Where a run keeps what it begins with, below its own folder. */
export function startFolder(folders: Folders, id: string): string {
  return join(folders.of('runs', id), 'start')
}

/**
 * Queues a run that begins with a checkpoint of another. What it needs of it lies in its own folder from then on, so
 * that the parent may prune or delete what it likes. Throws AttuneError: not_found, bad_file (a damaged checkpoint),
 * bad_config naming a setting with which the weights or the optimizer's state cannot be used.
 */
export async function forkRun(
  context: Context,
  { id: parentId, checkpoint: wanted, optimizer, config }: ParsedInput<'runs.fork'>,
): Promise<Run> {
  const { store } = context
  const parent = requireRun(store, parentId)
  const from = await requireCheckpoint(context, parentId, wanted)
  const written = resolved(context, config ?? withoutName(parent.config))
  if (written.model !== parent.config.model)
    refuse('model', written, 'a fork goes on with the weights of its parent', anew)
  const dataset = requireDataset(store, written.dataset)
  const decided = decideConfig(written, requireModel(store, written.model), dataset)
  refuseUnfit(parent, decided)
  const head = JSON.stringify(labelsFor(parent.config.task, dataset)) === JSON.stringify(parent.plan?.labels)
  if (optimizer) refuseOptimizer(parent, decided, head, (await optimizerBytes(from.path)) > 0)
  const name = written.name ?? `${parent.name} from step ${from.step}`
  const cameFrom = { kind: 'fork', run: parent.id, name: parent.name, step: from.step } as const
  return withStart(context, from.path, { optimizer, head }, (kept) =>
    createRun(context, { ...written, name }, { ...kept, cameFrom }),
  )
}

/** Links a checkpoint into the folder of a run to be, makes the run, and takes the folder away should that fail. */
async function withStart(
  { folders }: Context,
  from: string,
  start: RunStart,
  make: (kept: Required<Pick<Lineage, 'id' | 'beginsWith'>>) => Run,
): Promise<Run> {
  const id = newId()
  try {
    const { bytes } = await linkCheckpoint(from, startFolder(folders, id), start)
    return make({ id, beginsWith: { ...start, bytes } })
  } catch (error) {
    await removeFolder(folders.of('runs', id))
    throw error
  }
}

/** The same settings from the same beginning, for a repeat or a reproduction: a fork's child has the fork's start. */
export async function createChild(
  context: Context,
  parent: Run,
  written: Written,
  lineage: Omit<Lineage, 'id' | 'beginsWith'>,
): Promise<Run> {
  const start = parent.start ?? null
  if (start === null) return createRun(context, written, lineage)
  return withStart(context, startFolder(context.folders, parent.id), start, (kept) =>
    createRun(context, written, { ...lineage, ...kept }),
  )
}

function withoutName({ name: _, ...config }: Written): Written {
  return config
}

/** Model and dataset by id, as a person may name them. */
function resolved({ store }: Context, written: Written): Written {
  const model = store.models.get(written.model)?.model ?? namedBy('model', written.model, store.models.list())
  const dataset =
    store.datasets.get(written.dataset)?.dataset ?? namedBy('dataset', written.dataset, store.datasets.list())
  return { ...written, model: model.id, dataset: dataset.id }
}

const anew = 'Export the checkpoint (an adapter merged), add it as a model, and start a run from that.'

/** The weights must find their places: same kind of checkpoint, and for an adapter the same shape. */
function refuseUnfit({ config: before }: Run, now: Written): void {
  if (now.task !== before.task) refuse('task', now, `the weights were trained for ${before.task}`)
  if (before.method === 'none' || now.method === 'none') {
    refuse('method', now, 'a run that trains nothing neither leaves weights to go on with nor begins with others', anew)
  }
  if ((now.method === 'lora') !== (before.method === 'lora')) {
    const what = before.method === 'lora' ? 'an adapter, which only a LoRA run can go on with' : 'a whole model'
    refuse('method', now, `the checkpoint is ${what}`, anew)
  }
  if (now.method !== 'lora') return
  for (const name of ['lora_r', 'target_modules', 'num_frozen_layers'] as const) {
    if (same(before, now, name)) continue
    refuse(name, now, `the adapter was trained with ${JSON.stringify(before[name])}, and has no other shape`)
  }
}

function refuseOptimizer({ config: before }: Run, now: Written, head: boolean, isThere: boolean): void {
  const without = "Leave the optimizer's state behind, or keep the setting."
  if (!isThere) {
    throw new AttuneError(
      'conflict',
      'The checkpoint has no optimizer state: it was removed to free space. Fork it without.',
    )
  }
  for (const name of ['method', 'optim', 'num_frozen_layers'] as const) {
    if (same(before, now, name)) continue
    refuse(name, now, `the optimizer's state belongs to ${JSON.stringify(before[name])}`, without)
  }
  if (!head)
    refuse('dataset', now, "its labels are others, and with the head the optimizer's state would change", without)
}

function same(before: Written, now: Written, name: SettingName): boolean {
  return JSON.stringify(before[name]) === JSON.stringify(now[name])
}

function refuse(setting: SettingName, { [setting]: value }: Written, reason: string, advice = ''): never {
  const sentence = `${setting} is ${JSON.stringify(value)}: ${reason}. ${advice}`.trimEnd()
  throw new AttuneError('bad_config', sentence, { setting, value })
}
