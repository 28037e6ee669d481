import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { say } from './report.mjs'

const held = new Set()

/** Lets go of everything; for the signal handler. A lock whose process was killed is found stale by the next. */
export function releaseAll() {
  for (const path of held) rmSync(path, { force: true })
  held.clear()
}

/** When a process started, in the kernel's ticks, so that a pid that came round again is not taken for the old one. */
function startOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[19]
  } catch {
    return ''
  }
}

function alive({ pid, start }) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code === 'ESRCH') return false
  }
  return start === '' || startOf(pid) === start
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
    return { pid: 0, start: 'unreadable' }
  }
}

function take(path) {
  const own = `${path}.${process.pid}`
  writeFileSync(own, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }))
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
      removeStale(path, seen)
      continue
    }
    if (!told) say(`• waiting for another set-up (process ${owner.pid}) that is doing this already …`)
    told = true
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  held.add(path)
  try {
    return await work()
  } finally {
    held.delete(path)
    rmSync(path, { force: true })
  }
}
