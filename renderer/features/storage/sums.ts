import type { RunSpace } from '../../../core/contract/domain.ts'

/** What removing the spare checkpoints of all runs that have ended would free. */
export function spareBytes(spaces: readonly RunSpace[]): number {
  return spaces.reduce((sum, space) => sum + space.spareBytes, 0)
}

/** What removing the optimizer's state of the runs that need none any more would free. */
export function stateBytes(spaces: readonly RunSpace[]): number {
  return spaces.reduce((sum, { optimizerBytes, resumable }) => sum + (resumable ? 0 : optimizerBytes), 0)
}
