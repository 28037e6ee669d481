import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { run } from './command.mjs'
import { modules, root } from './places.mjs'
import { Problem } from './problem.mjs'
import { say, step } from './report.mjs'

/**
 * What must be built before it runs: the page into dist/renderer, and for Electron its main process, preload and the
 * core they use into dist/electron and dist/core. A stamp beside them names the sources, by path, size and time of
 * change; it is gone while a build runs.
 */

const common = ['package-lock.json', 'package.json']
const sources = {
  renderer: [...common, 'vite.config.ts', 'renderer', 'core/contract'],
  electron: [...common, 'vite.electron.config.ts', 'electron', 'core', 'migrations'],
}
const dist = join(root, 'dist')
const stampOf = (part) => join(dist, 'stamps', part)

function addTo(hash, path) {
  const info = statSync(join(root, path), { throwIfNoEntry: false })
  if (!info) return
  if (!info.isDirectory()) {
    hash.update(`${path} ${info.size} ${info.mtimeMs}\n`)
    return
  }
  for (const name of readdirSync(join(root, path)).sort()) addTo(hash, `${path}/${name}`)
}

function fingerprint(part) {
  const hash = createHash('sha256')
  for (const path of sources[part]) addTo(hash, path)
  return hash.digest('hex')
}

export function buildReady(part) {
  return existsSync(stampOf(part)) && readFileSync(stampOf(part), 'utf8') === fingerprint(part)
}

async function stamped(part, build) {
  const made = fingerprint(part)
  rmSync(stampOf(part), { force: true })
  await build()
  mkdirSync(join(dist, 'stamps'), { recursive: true })
  writeFileSync(stampOf(part), made)
}

/** Runs a tool out of node_modules by Node 24; its commands find the same Node first. */
export function toolOptions(node) {
  const path = [dirname(node), join(modules, '.bin'), process.env.PATH].join(delimiter)
  return { cwd: root, env: { ...process.env, PATH: path } }
}

async function vite(node, args) {
  const entry = join(modules, 'vite', 'bin', 'vite.js')
  const { code, output } = await run(node, [entry, 'build', '--logLevel', 'warn', ...args], toolOptions(node))
  if (code === 0) return
  say(output.trim())
  throw new Problem('The build failed; what the bundler said is above.')
}

export async function provideRenderer(node) {
  await stamped('renderer', () => step('Build the page', () => vite(node, [])))
}

export async function provideElectron(node) {
  await stamped('electron', () =>
    step('Build the desktop shell', async () => {
      for (const part of ['electron', 'core']) rmSync(join(dist, part), { recursive: true, force: true })
      await vite(node, ['--config', 'vite.electron.config.ts', '--mode', 'main'])
      await vite(node, ['--config', 'vite.electron.config.ts', '--mode', 'preload'])
    }),
  )
}
