import { threadPort } from './handle.ts'
import { controlWords, type ToWorker } from './protocol.ts'

/**
 * What runs in a process of its own: the same thread as in the host, its messages passed on. So the process's memory is
 * that of a host with a run in it.
 */

const send = process.send?.bind(process)
if (!send) throw new Error('worker/process-entry.ts is the script of a child process')

const entry = new URL(`./entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

process.once('message', ({ type, spec }: Omit<ToWorker, 'control' | 'firstUse'>) => {
  const port = threadPort(entry)({
    message: (message) => void send(message),
    broke: (error) => void send({ type: 'failed', error }),
  })
  port.post({ type, spec, control: new SharedArrayBuffer(4 * controlWords), firstUse: new SharedArrayBuffer(4) })
})
// Whoever asked is gone.
process.once('disconnect', () => process.exit(0))
