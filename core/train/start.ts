import { verifyCheckpoint } from '../checkpoint/save.ts'
import { readTrainingState } from '../checkpoint/training-state.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { Session } from '../engine/engine.ts'
import type { TrainStart } from '../worker/protocol.ts'
import type { LoadedModel } from './load-model.ts'
import type { Reporter } from './reporter.ts'
import { readOptimizer } from './session-state.ts'
import { isHead, type Trainable } from './trainable.ts'
import { overlayVariables } from './weights.ts'

/**
 * Gives a session that was filled for the beginning of a run what another run's checkpoint has instead: its weights, and
 * where asked for what its optimizer remembers. Resolves to the updates that the optimizer has made already, which its
 * bias corrections count on. Throws AttuneError: not_found, bad_file (damaged, or of another shape).
 */
export async function beginWith(
  start: TrainStart,
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  config: RunConfig,
  { log }: Pick<Reporter, 'log'>,
): Promise<number> {
  const { dir, head, optimizer } = start
  await verifyCheckpoint(dir)
  const state = await readTrainingState(dir)
  await overlayVariables(session, model, trainable, dir, (name) => head || !isHead(model, name))
  const weights = head ? 'The weights' : 'The weights without the head, whose labels are others,'
  log('info', `${weights} are those of step ${state.position.step} of the run that this one was forked from.`)
  if (!optimizer) return 0
  readOptimizer(dir, session, model, trainable, config, false)
  log('info', "The optimizer's state goes on from there too.")
  return state.optimizerSteps + state.position.step
}
