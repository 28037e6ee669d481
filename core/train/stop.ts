import { AttuneError } from '../contract/errors.ts'

/** What the host wants of a run; read at every step, as training never returns to the event loop. */
export interface Control {
  /** 0: go on; 1: stop and keep the weights; 2: stop at once. See stopValues in worker/protocol.ts. */
  stop(): 0 | 1 | 2
  /** `performance.now()` when the worker began; the call itself when absent. */
  readonly startedAt?: number
}

/** Throws AttuneError `stopped` when a stop of at least this kind was asked for. */
export function checkStop(control: Control, from: 1 | 2): void {
  if (control.stop() >= from) throw new AttuneError('stopped', 'The run was stopped on request.')
}

export function isStop(thrown: unknown): boolean {
  return thrown instanceof AttuneError && thrown.code === 'stopped'
}
