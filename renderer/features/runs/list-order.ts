import type { Run, RunState } from '../../../core/contract/domain.ts'
import { sorted } from '../../ui/sorting.ts'

export type StateFilter = 'all' | 'active' | 'finished' | 'ended early' | 'archived'

/** `all` leaves out what was put away. */
const filters: Record<StateFilter, readonly RunState[] | null> = {
  all: null,
  active: ['queued', 'running', 'paused'],
  finished: ['finished'],
  'ended early': ['stopped', 'failed', 'interrupted'],
  archived: ['archived'],
}
export const stateFilters = Object.keys(filters) as StateFilter[]

export type RunOrder = 'newest' | 'oldest' | 'name' | 'accuracy' | 'loss'

export const runOrders: Record<RunOrder, string> = {
  newest: 'Newest first',
  oldest: 'Oldest first',
  name: 'Name',
  accuracy: 'Best accuracy',
  loss: 'Lowest validation loss',
}

const orderings: Record<RunOrder, { value: (run: Run) => string | number | null; descending: boolean }> = {
  newest: { value: (run) => run.createdAt, descending: true },
  oldest: { value: (run) => run.createdAt, descending: false },
  name: { value: (run) => run.name, descending: false },
  accuracy: { value: (run) => run.metrics['eval/accuracy']?.best.value ?? null, descending: true },
  loss: { value: (run) => run.metrics['eval/loss']?.best.value ?? null, descending: false },
}

export interface ListView {
  readonly search: string
  readonly filter: StateFilter
  readonly order: RunOrder
}

/** The runs of a list as it is searched, filtered and sorted. Every typed word must occur in name, model, dataset, method, state or notes. */
export function listed(runs: readonly Run[], { search, filter, order }: ListView): Run[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const states = filters[filter]
  const kept = runs.filter((run) => {
    const fits = states ? states.includes(run.state) : run.state !== 'archived'
    if (!fits) return false
    const { name, model, dataset, config, state, notes } = run
    const text = `${name} ${model.name} ${dataset.name} ${config.method} ${state} ${notes}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const { value, descending } = orderings[order]
  return sorted(kept, value, descending)
}

/** As many runs are drawn without being asked. */
export const firstDrawn = 10
/** And as many at most: beyond, neither colours nor charts are readable. */
export const mostDrawn = 50

/** Which of the listed runs have their curves drawn. */
export function drawnOf(shown: readonly Run[], hidden: readonly string[], all: boolean): Run[] {
  return shown
    .filter((run) => run.state !== 'queued' && !hidden.includes(run.id))
    .slice(0, all ? mostDrawn : firstDrawn)
}
