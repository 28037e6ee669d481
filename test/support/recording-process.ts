import { openStore } from '../../core/store/open.ts'
import { systemClock } from '../../core/util/clock.ts'
import type { RunEvent } from '../../core/worker/protocol.ts'

/**
 * Records one run for as long as it lives, telling on stdout the number of each group that is committed. Killed by
 * whoever started it. Arguments: the database, the run, and an owner who claims the run first.
 */
const [path = '', run = '', owner] = process.argv.slice(2)
const store = openStore(path, { clock: systemClock })
if (owner !== undefined) store.queue.claimNext(owner, Date.now(), () => 'leave')
for (let seq = store.queue.progress(run)?.nextSeq ?? 0; ; seq++) {
  store.recorder.record(run, seq, groupOf(seq))
  // Pipes are synchronous on POSIX: the line is with the parent when this returns.
  process.stdout.write(`${seq}\n`)
}

/** Ten steps; now and then a checkpoint, which is written through. */
function groupOf(seq: number): RunEvent[] {
  const events: RunEvent[] = []
  for (let i = 0; i < 10; i++) {
    const step = seq * 10 + i
    const values = { 'train/loss': 1 / (step + 1), 'train/grad_norm': step }
    events.push({ kind: 'metrics', step, epoch: 0, examples: step, tokens: step, elapsedMs: step, values })
  }
  events.push({ kind: 'log', at: seq, level: 'info', text: `group ${seq}` })
  if (seq % 7 === 0) {
    const at = { at: seq, step: seq * 10, epoch: 0, path: `checkpoint-${seq * 10}`, bytes: 1, metrics: {} }
    events.push({ kind: 'checkpoint', ...at, best: seq % 14 === 0, last: true })
  }
  return events
}
