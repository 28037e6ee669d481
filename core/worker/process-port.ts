import { fork } from 'node:child_process'
import type { ErrorPayload } from '../contract/errors.ts'
import type { OpenPort } from './handle.ts'
import type { FromWorker, ToWorker } from './protocol.ts'

/**
 * A port to a process of its own that runs the module at `entry`: what it took of memory goes back to the system when
 * it ends, which TensorFlow's never does inside a process. It cannot be asked to stop, only be ended.
 */
export function processPort(entry: URL): OpenPort {
  return (on) => {
    const child = fork(entry, [], {
      serialization: 'advanced',
      // Its standard output must not mix with what a command prints.
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      // Inside Electron, this process's program is Electron.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    })
    child.stdout?.pipe(process.stderr, { end: false })
    let over = false
    const broke = (error: ErrorPayload) => {
      if (over) return
      over = true
      on.broke(error)
    }
    child.on('message', (message) => {
      if (!over) on.message(message as FromWorker)
    })
    child.on('error', (error) => broke({ code: 'internal', message: `The process could not be run: ${error.message}` }))
    const ended = new Promise<void>((resolve) => {
      child.on('close', (code, signal) => {
        resolve()
        broke(nameEnd(code, signal))
      })
    })
    return {
      post: ({ type, spec }) => void child.send({ type, spec } satisfies Omit<ToWorker, 'control' | 'firstUse'>),
      async close() {
        over = true
        child.kill('SIGKILL')
        await ended
      },
    }
  }
}

function nameEnd(code: number | null, signal: NodeJS.Signals | null): ErrorPayload {
  if (signal === 'SIGKILL') {
    return { code: 'out_of_memory', message: 'The system ended the process, most likely because memory ran out.' }
  }
  return { code: 'internal', message: `The process ended with ${signal ?? `exit code ${code}`} before it was done.` }
}
