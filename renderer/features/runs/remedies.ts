import type { Run } from '../../../core/contract/domain.ts'
import { type Alternative, alternativeSchema } from '../../../core/contract/preflight.ts'
import type { RunConfig } from '../../../core/contract/settings.ts'
import { canFork } from './resumable.ts'

/** Settings with which a run would fit whose memory was not enough, as its error tells them. */
export function remediesOf({ error }: Pick<Run, 'error'>): readonly Alternative[] {
  if (error?.code !== 'out_of_memory') return []
  return alternativeSchema.array().safeParse(error.details?.alternatives).data ?? []
}

/**
 * Where the form opens with a run's settings but for these: as a fork of its best checkpoint where there is one, which a
 * run of another method cannot begin with.
 */
export function formAddress(
  run: Pick<Run, 'id' | 'config' | 'bytes' | 'startedAt'>,
  settings: Partial<RunConfig>,
): string {
  const { method = run.config.method } = settings
  const forks = canFork(run) && (method === 'lora') === (run.config.method === 'lora')
  const search = new URLSearchParams({ [forks ? 'fork' : 'from']: run.id })
  if (Object.keys(settings).length > 0) search.set('set', JSON.stringify(settings))
  return `/new?${search}`
}
