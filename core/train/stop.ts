import { AttuneError } from '../contract/errors.ts'

/** What the host wants of a run; read at every step, as training never returns to the event loop. */
export interface Control {
  /** 0: go on; 1: stop and keep the weights; 2: stop at once; 3: pause. See stopValues in worker/protocol.ts. */
  stop(): 0 | 1 | 2 | 3
  /** `performance.now()` when the worker began; the call itself when absent. */
  readonly startedAt?: number
  /** What the process held then; what it holds at the call when absent. */
  readonly startBytes?: number
}

/** Throws AttuneError `stopped` when a stop of any kind was asked for: while there is nothing yet to keep. */
export function checkAnyStop(control: Control): void {
  if (control.stop() !== 0) throw stopped()
}

/** Throws AttuneError `stopped` on a stop at once; the other kinds wait until the present step is judged and saved. */
export function checkStopAtOnce(control: Control): void {
  if (control.stop() === 2) throw stopped()
}

function stopped(): AttuneError {
  return new AttuneError('stopped', 'The run was stopped on request.')
}

export function isStop(thrown: unknown): boolean {
  return thrown instanceof AttuneError && thrown.code === 'stopped'
}
