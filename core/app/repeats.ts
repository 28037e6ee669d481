import type { MetricSpread, Run } from '../contract/domain.ts'
import type { RunConfig } from '../contract/settings.ts'
import { spread } from '../stats/spread.ts'

/** What may differ between repeats: the seed, and what no number depends on. Model and data are compared by content. */
const free: ReadonlySet<keyof RunConfig> = new Set([
  'seed',
  'name',
  'model',
  'dataset',
  'save_steps',
  'save_minutes',
  'save_total_limit',
  'save_total_megabytes',
])

/**
 * The finished runs that are this one under other seeds, itself among them, one a seed; empty where it has not finished
 * or there is no other. How they were queued does not count: what they were trained with does.
 */
export function repeatsOf(run: Run, all: readonly Run[]): Run[] {
  if (run.state !== 'finished') return []
  const byId = new Map(all.map((other) => [other.id, other]))
  const key = keyOf(run, byId)
  const bySeed = new Map<number, Run>()
  for (const other of all) {
    if (other.state === 'finished' && keyOf(other, byId) === key) bySeed.set(other.config.seed, other)
  }
  // Of several with one seed, which a reproduction makes, the run itself counts.
  bySeed.set(run.config.seed, run)
  return bySeed.size > 1 ? [...bySeed.values()] : []
}

function keyOf(run: Run, byId: ReadonlyMap<string, Run>): string {
  const settings = Object.entries(run.config).filter(([name]) => !free.has(name as keyof RunConfig))
  const sorted = settings.sort(([one], [other]) => (one < other ? -1 : 1))
  return JSON.stringify([sorted, run.model.weightsHash, run.dataset.contentHash, startOf(run, byId)])
}

/** The weights that a run began with: the checkpoint of a fork, also where a repeat took it over. */
function startOf({ start, origin }: Run, byId: ReadonlyMap<string, Run>): string | null {
  if (!start || !origin) return null
  if (origin.kind === 'fork') return `${origin.run} ${origin.step} ${start.optimizer} ${start.head}`
  const parent = byId.get(origin.run)
  return parent ? startOf(parent, byId) : origin.run
}

/** How far the repeats' values of a series lie apart; null where fewer than two have it. */
export function spreadOf(repeats: readonly Run[], series: string): MetricSpread | null {
  const found = repeats.flatMap(({ metrics }) => metrics[series] ?? [])
  if (found.length < 2) return null
  return {
    runs: found.length,
    last: spread(found.map(({ last }) => last.value)),
    best: spread(found.map(({ best }) => best.value)),
  }
}
