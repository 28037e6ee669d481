import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { end, watchRunning } from './command.mjs'
import { say } from './report.mjs'

/**
 * A lock file holds its owner, and the commands that the owner has under way: { pid, start, commands: [{ pid, start }] }.
 * When an owner was killed outright its commands run on; whoever finds the lock ends them before doing the work anew.
 */

const held = new Set()

/** Lets go of everything; for the signal handler. A lock whose process was killed is found stale by the next. */
export function releaseAll() {
  for (const path of held) rmSync(path, { force: true })
  held.clear()
}

/**
 * Linux's account of a process: its state letter, and when it started in the kernel's ticks, so that a number that
 * came round again is not taken for the old one. Null elsewhere, and for a process that is not there.
 */
function account(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
    return { state: fields[0], start: fields[19] }
  } catch {
    return null
  }
}

const identity = (pid) => ({ pid, start: account(pid)?.start ?? '' })

function alive({ pid, start }) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code === 'ESRCH') return false
  }
  if (start === '') return true
  const now = account(pid)
  return now !== null && now.start === start && now.state !== 'Z'
}

/** The present owner's words, or null. A link appears with its content, so that nobody reads half a file. */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return { pid: 0, start: 'unreadable', commands: [] }
  }
}

function take(path) {
  const own = `${path}.${process.pid}`
  writeFileSync(own, JSON.stringify({ ...identity(process.pid), commands: [] }))
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/** Rewrites our locks in one move, so that nobody reads half a file. */
watchRunning((pids) => {
  const text = JSON.stringify({ ...identity(process.pid), commands: pids.map(identity) })
  for (const path of held) {
    writeFileSync(`${path}.${process.pid}`, text)
    renameSync(`${path}.${process.pid}`, path)
  }
})

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Ends what a killed set-up left running, first kindly. */
async function endOrphans(commands) {
  for (let tries = 0; commands.some(alive); tries++) {
    for (const { pid } of commands.filter(alive)) end(pid, tries < 20 ? 'SIGTERM' : 'SIGKILL')
    await wait(100)
  }
}

/** Removes a dead process's lock, unless another process was quicker and a live lock is there by now. */
function removeStale(path, seen) {
  const aside = `${path}.stale-${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (read(aside) !== seen && !existsSync(path)) linkSync(aside, path)
  rmSync(aside, { force: true })
}

/** Runs `work` while no other process does anything under the same lock file. Waits as long as its owner lives. */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true })
  let told = false
  while (!take(path)) {
    const seen = read(path)
    if (seen === null) continue
    const owner = parse(seen)
    if (!alive(owner)) {
      await endOrphans(owner.commands ?? [])
      removeStale(path, seen)
      continue
    }
    if (!told) say(`• waiting for another set-up (process ${owner.pid}) that is doing this already …`)
    told = true
    await wait(300)
  }
  held.add(path)
  try {
    return await work()
  } finally {
    held.delete(path)
    rmSync(path, { force: true })
  }
}
