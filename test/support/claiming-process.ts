import { openStore } from '../../core/store/open.ts'
import { systemClock } from '../../core/util/clock.ts'

/** Claims queued runs and ends them at once, until there are none; tells each on stdout. Arguments: database, owner. */
const [path = '', owner = ''] = process.argv.slice(2)
const store = openStore(path, { clock: systemClock })
for (let idle = 0; idle < 200; ) {
  const claimed = store.queue.claimNext(owner, Date.now(), () => 'take')
  if (claimed === null) {
    idle++
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    continue
  }
  idle = 0
  const running = store.queue.active()
  process.stdout.write(`${claimed.id} ${running.length} ${running[0]?.owner === owner}\n`)
  store.queue.end(claimed.id, 'stopped', Date.now(), null)
}
store.close()
