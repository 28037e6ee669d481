import { useEffect, useRef } from 'react'
import { useSearchParams } from 'wouter'
import { canLearn } from '../../../core/contract/architectures.ts'
import type { Dataset, Model, Run } from '../../../core/contract/domain.ts'
import { suits } from '../../../core/contract/roles.ts'
import { type RunConfig, someSettingsSchema, type TaskName } from '../../../core/contract/settings.ts'
import { draftFrom } from './draft.ts'
import { forkFrom } from './fork.ts'
import { useDraft } from './use-draft.ts'

export interface Known {
  readonly models: readonly Model[] | undefined
  readonly datasets: readonly Dataset[] | undefined
  readonly runs: readonly Run[] | undefined
}

/**
 * `#/new?from=<run>&model=…&dataset=…&set={…}`: first the run's settings, then what the address names besides;
 * `fork=<run>` is the same beginning with a checkpoint of that run. A new address without it begins with a model again.
 * Without either, an only model or dataset is picked, else those of the latest run; of the models, one that can learn what
 * the dataset is for. What has been deleted meanwhile is let go, and a model that can do nothing with a named dataset.
 */
export function usePrefill({ models, datasets, runs }: Known): void {
  const [search] = useSearchParams()
  const { draft, pick, replace, setFork, apply } = useDraft()
  const applied = useRef<string | null>(null)
  const address = search.toString()

  useEffect(() => {
    if (!models || !datasets || !runs || applied.current === address) return
    applied.current = address
    const fork = forkFrom(search)
    const from = runs.find((run) => run.id === (fork?.run ?? search.get('from')))
    if (from) replace({ ...draftFrom(from.config), fork })
    else setFork(null)
    const model = search.get('model')
    const dataset = search.get('dataset')
    pick({ ...(model && { model }), ...(dataset && { dataset }) })
    const task = datasets.find(({ id }) => id === dataset)?.task
    const before = models.find(({ id }) => id === useDraft.getState().draft.model)
    if (task && before && !from && !model && !canLearn(before.architecture, task)) pick({ model: null })
    const settings = settingsFrom(search)
    if (settings !== null) apply(settings)
  }, [address, search, models, datasets, runs, pick, replace, setFork, apply])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the draft is read as the effect above has left it
  useEffect(() => {
    if (!models || !datasets || !runs) return
    const { draft } = useDraft.getState()
    const latest = runs.toSorted((one, other) => other.createdAt - one.createdAt)[0]
    const dataset = settled(draft.dataset, datasets, latest?.dataset.id)
    const data = datasets.find(({ id }) => id === dataset)?.task ?? draft.task
    const task = suits(data, draft.task) ? draft.task : data
    const model = modelFor(draft.model, models, dataset === null ? null : task, latest?.model.id)
    if (model !== draft.model || dataset !== draft.dataset || task !== draft.task) pick({ model, dataset, task })
  }, [draft.model, draft.dataset, draft.task, models, datasets, runs, pick])
}

/** `?set={"max_length":64}`; null for none, and for what are no settings. */
export function settingsFrom(search: URLSearchParams): Partial<RunConfig> | null {
  try {
    return someSettingsSchema.safeParse(JSON.parse(search.get('set') ?? 'null')).data ?? null
  } catch {
    return null // not JSON: an address that was typed
  }
}

/** The chosen model, while it is there; else, of those that can learn the task, the only one or the one used last. */
export function modelFor(
  chosen: string | null,
  models: readonly Pick<Model, 'id' | 'architecture'>[],
  task: TaskName | null,
  latest: string | undefined,
): string | null {
  if (models.some(({ id }) => id === chosen)) return chosen
  const fit = task === null ? models : models.filter(({ architecture }) => canLearn(architecture, task))
  return settled(null, fit, latest)
}

/** What is chosen, while it is there; else the only one; else what was used last. */
function settled(chosen: string | null, known: readonly { id: string }[], latest: string | undefined): string | null {
  const there = (id: string | null | undefined) => known.some((one) => one.id === id)
  if (there(chosen)) return chosen
  if (known.length === 1) return known[0]?.id ?? null
  return latest !== undefined && there(latest) ? latest : null
}
