import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const running = new Set()
let watcher = (_pids) => {}

/** `watch(pids)` is called whenever the commands that `run` has under way change. */
export function watchRunning(watch) {
  watcher = watch
}

/** Ends a command with all that it started. Each has a process group of its own, where there are such. */
export function end(pid, signal = 'SIGTERM') {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    // gone already
  }
}

/** Ends what `run` has under way; for the signal handler. */
export function endRunning() {
  for (const pid of running) end(pid)
}

/**
 * Runs a command to its end, quietly. Resolves to { code, output }, output being the last 16 kB of both streams and
 * code null when the command could not be started at all.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      ...options,
    })
    let output = ''
    const take = (chunk) => {
      output = (output + chunk).slice(-16_384)
    }
    const settle = (code) => {
      running.delete(child.pid)
      watcher([...running])
      resolve({ code, output })
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (error) => {
      output += error.message
      if (child.pid === undefined) settle(null)
    })
    child.on('close', (code) => {
      if (child.pid !== undefined) settle(code ?? 1)
    })
    if (child.pid === undefined) return
    running.add(child.pid)
    watcher([...running])
  })
}

const idle = /^at |^Emitted |^code |complete log of this run|^Run "npm help/

/** The line that tells most of a failed command's output, as the end of a sentence. */
export function reasonIn(output) {
  const lines = output.split(/\r?\n/).map((line) => line.replace(/^npm (error|ERR!)/, '').trim())
  const telling = lines.filter((line) => line !== '' && !idle.test(line))
  const errors = telling.filter((line) => /error|cannot|not found|no matching/i.test(line))
  const line = errors.at(-1) ?? telling.at(-1) ?? 'it said nothing'
  return `${line
    .replace(/^error: /i, '')
    .replace(/\.$/, '')
    .slice(0, 300)}.`
}

/** npm as it called us, run by the Node that runs it; `npm` from the path otherwise. */
export function runNpm(args, options) {
  const cli = process.env.npm_execpath
  if (cli && /npm-cli\.c?js$/.test(cli))
    return run(process.env.npm_node_execpath ?? process.execPath, [cli, ...args], options)
  return run('npm', args, { shell: process.platform === 'win32', ...options })
}

/** Becomes the command: same terminal, signals passed on. Resolves to the exit code to end with. */
export function become(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    /** @type {NodeJS.Signals[]} */
    const signals = process.platform === 'win32' ? ['SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) {
      process.removeAllListeners(signal)
      process.on(signal, () => child.kill(signal))
    }
    child.on('error', reject)
    // As shells do: 128 + the signal's number.
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 1)))
  })
}
