import type { EngineInfo } from '../contract/domain.ts'
import type { Store } from '../store/open.ts'
import type { Owner } from '../store/owner.ts'
import type { Clock } from '../util/clock.ts'
import type { StartWorker } from '../worker/handle.ts'
import type { Bus } from './bus.ts'
import type { FileHandles } from './file-handles.ts'
import type { Folders } from './folders.ts'

/** What the app stands on, given by the host. */
export interface AppDeps {
  /** The data home; made when it is not there. Absolute. */
  readonly home: string
  /** Where set-up put starter models and sample datasets. Absolute. */
  readonly cache: string
  readonly version: string
  readonly clock: Clock
  readonly startWorker: StartWorker
  /** The same in a process of its own, whose memory comes back; startWorker when absent. */
  readonly startProcess?: StartWorker
  /** The engine of a run with engine "auto", or why there is none. */
  readonly engine: () => { info: EngineInfo | null; problem: string | null }
  /** How many threads a run computes with. */
  readonly threads: number
  /**
   * Whether queued runs of processes that have ended are trained here too. For a process that stays (a window, a
   * server): a short command must not begin what it will not end. False when absent.
   */
  readonly adoptQueue?: boolean
}

/** What every use case is given. */
export interface Context {
  readonly deps: AppDeps
  readonly clock: Clock
  readonly folders: Folders
  readonly store: Store
  readonly owner: Owner
  readonly bus: Bus
  readonly files: FileHandles
}
