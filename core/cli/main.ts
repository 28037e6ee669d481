import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { attuneCache } from '../util/paths.ts'
import type { Io } from './io.ts'

/** The attune command of this process. Needs Node 24: scripts/setup.mjs finds one and starts this file with it. */

// Node keeps what it stripped and compiled, which takes two thirds off every start but the first. It must be on before
// the modules that it is for are loaded, hence the late import.
enableCompileCache(join(attuneCache(), 'compiled'))
const { runCli } = await import('./run-cli.ts')

const signals = ['SIGINT', 'SIGTERM'] as const

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  cwd: process.cwd(),
  onSignal(listener) {
    for (const signal of signals) process.on(signal, listener)
    return () => {
      for (const signal of signals) process.off(signal, listener)
    }
  },
  exit: (code) => process.exit(code),
}

// A reader that left (`attune runs list | head -1`) is no failure, and a run must not die of it: what is written from
// then on is dropped.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

const exitCode = await runCli(process.argv.slice(2), io)
// What was written may still be on its way into a pipe; a thread of a library must not keep the command from ending.
process.stdout.write('', () => process.exit(exitCode))
