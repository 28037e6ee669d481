import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { toErrorPayload } from '../contract/errors.ts'
import type { FromDataThread } from './data-source.ts'
import { type DataSpec, prepareData } from './prepare.ts'
import { share } from './shared-rows.ts'

/** Prepares a run's data beside the thread that loads TensorFlow; the answer lies in shared memory. */

if (isMainThread || !parentPort) throw new Error('train/data-thread.ts is the script of a worker thread')
const port = parentPort
const post = (message: FromDataThread) => port.postMessage(message)

const intervalMs = 100
let told = 0
try {
  const prepared = await prepareData(workerData as DataSpec, true, (done, total) => {
    if (performance.now() - told < intervalMs) return
    told = performance.now()
    post({ type: 'progress', done, total })
  })
  post({ type: 'done', prepared: share(prepared) })
} catch (thrown) {
  post({ type: 'failed', error: toErrorPayload(thrown) })
}
