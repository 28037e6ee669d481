import { existsSync } from 'node:fs'
import { createRequire, Module } from 'node:module'
import { dirname, join } from 'node:path'
import util from 'node:util'
import { isMainThread, threadId } from 'node:worker_threads'
import { AttuneError } from '../../contract/errors.ts'
import { attuneCache } from '../../util/paths.ts'
import { kernelSources, kernelsLoaded, kernelsPath, kernelsUsed, loadKernels } from './kernels.ts'

/**
 * The only place that loads tfjs-node. Its native binding and TensorFlow's library lie in the per-user cache, put
 * there by scripts/setup.mjs; nothing is ever written into node_modules.
 */

export type TfjsNode = typeof import('@tensorflow/tfjs-node')

const require = createRequire(import.meta.url)

/** The version of TensorFlow's library: what set-up provides, and once a library is loaded what that one says. */
export let nativeVersion = '2.15.1'

const folder = `tf-2.15.1-${process.platform}-${process.arch}-napi8`

/** Built by set-up, or laid out as tfjs-node's own install does. */
const places = ['tfjs_binding.node', join('lib', 'napi-v8', 'tfjs_binding.node')]

/** The compiled binding: in ATTUNE_NATIVE (a folder, or the file itself), else in the cache; null when there is none. */
export function nativeBindingPath(): string | null {
  const chosen = process.env.ATTUNE_NATIVE
  if (chosen?.endsWith('.node')) return existsSync(chosen) ? chosen : null
  const dir = chosen ? chosen : join(attuneCache(), 'native', folder)
  return places.map((place) => join(dir, place)).find((path) => existsSync(path)) ?? null
}

/** What the library at this path is taken for before it is loaded: set-up names the folder by the library's version. */
export function expectedVersion(path: string): string {
  const version = /[\\/]tf-(\d[\w.]*)-/.exec(path)?.[1] ?? 'own'
  return versionOf(version, kernelsPath(dirname(path)) !== null)
}

/** Whether programs are made of our own operations: they are loaded, or will be when TensorFlow is. */
export function usesKernels(): boolean {
  const path = nativeBindingPath()
  return kernelsUsed(path === null ? null : dirname(path))
}

/** Numbers differ in the last digits with and without our own operations, so a run's record tells which it had. */
function versionOf(library: string, kernels: boolean): string {
  return kernels ? `${library}+${kernelSources}` : library
}

/** Node 23 removed two functions that tfjs-node 4.22 still calls. */
function restoreRemovedUtils(): void {
  const target: { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean } = util
  target.isNullOrUndefined ??= (value) => value === null || value === undefined
  target.isArray ??= Array.isArray
}

/** tfjs-node asks @mapbox/node-pre-gyp where its binding is, and nothing else: answer in its place. */
function answerForPreGyp(bindingPath: string): void {
  const id = createRequire(require.resolve('@tensorflow/tfjs-node/package.json')).resolve('@mapbox/node-pre-gyp')
  const answer = new Module(id)
  answer.filename = id
  answer.loaded = true
  answer.exports = { find: () => bindingPath }
  require.cache[id] = answer
}

/**
 * TensorFlow reads these once, when the library is first loaded into the process; its thread pool is then shared by
 * everything in the process. A worker thread reaches the process's environment only with `env: SHARE_ENV`; without
 * it the library's defaults hold (as many threads as cores, and its start-up log on stderr).
 */
function setEnvironment(threads: number): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads)
  process.env.TF_NUM_INTEROP_THREADS ??= String(threads)
}

let loaded: TfjsNode | null = null

/**
 * tfjs-node on its native backend, loaded once a thread. `threads` counts for the first load in the process.
 * Throws AttuneError no_engine that says what is missing.
 */
export async function loadTfjsNode(threads: number): Promise<TfjsNode> {
  if (loaded) return loaded
  const path = nativeBindingPath()
  if (path === null) {
    const searched = process.env.ATTUNE_NATIVE ?? join(attuneCache(), 'native', folder)
    throw new AttuneError(
      'no_engine',
      `TensorFlow's native library is not at ${searched}; run "npm start" once in the clone to set it up, or let ATTUNE_NATIVE name its folder.`,
    )
  }
  setEnvironment(threads)
  restoreRemovedUtils()
  answerForPreGyp(path)
  try {
    loaded = require('@tensorflow/tfjs-node') as TfjsNode
  } catch (cause) {
    const where = isMainThread ? 'the main thread' : `worker thread ${threadId}`
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new AttuneError(
      'no_engine',
      `TensorFlow's native library at ${path} could not be loaded in ${where}: ${reason}. Delete that folder and run "npm start" to set it up again.`,
      undefined,
      { cause },
    )
  }
  await loaded.ready()
  const { binding } = loaded.backend() as { binding?: { TF_Version?: string } }
  loadKernels(dirname(path))
  nativeVersion = versionOf(binding?.TF_Version ?? nativeVersion, kernelsLoaded())
  return loaded
}
