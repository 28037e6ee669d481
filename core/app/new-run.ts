import type { Dataset, Model, Origin, Run, RunStart } from '../contract/domain.ts'
import type { ParsedInput } from '../contract/methods.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { ReproductionRecord } from '../store/queries/runs.ts'
import { decideConfig } from './config.ts'
import type { Context } from './context.ts'
import { namedBy, requireDataset, requireModel, requireRun } from './find.ts'
import { newId } from './ids.ts'
import { friendlyRunName, nextColour, uniqueName } from './names.ts'

export type Written = ParsedInput<'runs.create'>['config']

/** What a run has from another one. */
export interface Lineage {
  /** The run's id, where something lies in its folder already. */
  readonly id?: string
  readonly cameFrom: Omit<Origin, 'deleted'>
  readonly beginsWith?: RunStart & { readonly bytes: number }
  readonly reproduces?: ReproductionRecord
}

/** A run's settings as it will record them, and what they name. */
export interface DecidedRun {
  readonly config: RunConfig
  readonly model: Model
  readonly dataset: Dataset
}

/** Checks settings and decides those that were left out. Throws AttuneError: bad_config, bad_data, not_found. */
export function decideRun(context: Context, written: Written, isChild = false): DecidedRun {
  const { store } = context
  // A child names its model and data by id: what was deleted can be restored, and is told of as that.
  const model = isChild ? requireModel(store, written.model) : findModel(context, written.model)
  const dataset = isChild
    ? requireDataset(store, written.dataset)
    : namedBy('dataset', written.dataset, store.datasets.list())
  return { config: decideConfig(written, model, dataset), model, dataset }
}

/** Checks settings and queues a run with them. Throws as decideRun. */
export function createRun(context: Context, written: Written, lineage?: Lineage): Run {
  const { store, owner, clock, deps, bus } = context
  const { config, model } = decideRun(context, written, lineage !== undefined)
  const { id = newId(), ...more } = lineage ?? {}
  store.transact(
    () => {
      store.runs.add({
        id,
        name: uniqueName(config.name ?? friendlyRunName(id, config.method, model.name), store.runs.names()),
        config,
        colour: nextColour(store.runs.colours()),
        createdAt: clock.now(),
        appVersion: deps.version,
        owner: owner.id,
        ...more,
      })
    },
    { durable: true },
  )
  const run = requireRun(store, id)
  bus.emit({ type: 'run', id, state: run.state, step: 0, revision: run.revision })
  return run
}

/** By id or name, or as the starter that it came as: "minilm-l6", "starter:minilm-l6". */
function findModel({ store }: Context, wanted: string): Model {
  const starter = store.models.starter(wanted.replace(/^starter:/, ''))
  if (starter && starter.deletedAt === null) return starter.model
  return namedBy('model', wanted, store.models.list())
}
