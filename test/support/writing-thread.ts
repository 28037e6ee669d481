import { parentPort, workerData } from 'node:worker_threads'
import { openStore } from '../../core/store/open.ts'
import { systemClock } from '../../core/util/clock.ts'

/** Writes log lines in transactions of a thousand until it is terminated; tells when it is in the middle of one. */
const { path, run } = workerData as { path: string; run: string }
const store = openStore(path, { clock: systemClock })
for (;;) {
  store.transact(() => {
    for (let i = 0; i < 1000; i++) {
      store.logs.add(run, { at: i, level: 'info', text: 'x'.repeat(100) })
      if (i === 500) parentPort?.postMessage('within')
    }
  })
}
