import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AttuneError } from '../../contract/errors.ts'
import { readJson, readModelConfig } from '../config.ts'
import { type HubFetch, type HubFile, type HubModel, type HubSource, refuse } from './repository.ts'

/**
 * A hub's files into a folder. What is there already is not fetched again: a file that a cancelled or broken download
 * left in part is gone on with where it ends, and every file is proved by its hash before it has its name.
 */

export interface DownloadOptions {
  /** A hub's token, which only the hub itself is told. */
  readonly token?: string | undefined
  readonly signal: AbortSignal
  /** Bytes that are there, of all. */
  readonly onProgress: (done: number, total: number) => void
  /** Between two attempts, milliseconds, longer each time. */
  readonly patienceMs?: number
}

const attempts = 5
const partMark = '.part'

/** Asks a hub, with the token where it is safe with it; throws AttuneError unreachable, stopped. */
export function hubFetch(
  { endpoint }: HubSource,
  { token, signal }: Pick<DownloadOptions, 'token' | 'signal'>,
): HubFetch {
  const { protocol, hostname } = new URL(endpoint)
  const isSafe = protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  const own = token !== undefined && isSafe ? { authorization: `Bearer ${token}` } : {}
  return async (url, headers = {}) => {
    try {
      // A redirect to another host is followed without the token.
      return await fetch(url, { headers: { ...own, ...headers }, signal })
    } catch (cause) {
      throw failure(endpoint, signal, cause)
    }
  }
}

/**
 * Fetches all files of a model into `dir`. What can be refused is refused before the weights are fetched. Throws
 * AttuneError: unsupported (code in the folder, an unknown architecture), bad_file (a file that is not what the hub says),
 * unreachable, disk errors as they are, stopped.
 */
export async function downloadModel(
  source: HubSource,
  { commit, files }: HubModel,
  dir: string,
  fetched: HubFetch,
  options: DownloadOptions,
): Promise<void> {
  await mkdir(dir, { recursive: true })
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let before = 0
  let checked = false
  for (const file of files) {
    if (!checked && file.name.endsWith('.safetensors')) {
      await checkHarmless(dir)
      checked = true
    }
    const url = `${source.endpoint}/${source.repo}/resolve/${commit}/${encodeURIComponent(file.name)}`
    const begun = before
    await fetchFile(url, file, join(dir, file.name), source, fetched, {
      ...options,
      onProgress: (done) => options.onProgress(begun + done, total),
    })
    before += file.bytes
    options.onProgress(before, total)
  }
}

/** What the small files say is wrong, before the large ones are fetched. */
async function checkHarmless(dir: string): Promise<void> {
  await readModelConfig(dir)
  const settings = (await readJson(dir, 'tokenizer_config.json')) ?? {}
  if (settings.auto_map !== undefined) {
    const message =
      'tokenizer_config.json has auto_map: the tokenizer brings its own code, which is never run here. Choose a model with a tokenizer.json of a built-in kind.'
    throw new AttuneError('unsupported', message)
  }
}

async function fetchFile(
  url: string,
  file: HubFile,
  path: string,
  source: HubSource,
  fetched: HubFetch,
  options: DownloadOptions,
): Promise<void> {
  if ((await sizeOf(path)) === file.bytes && (await isWhole(path, file))) return
  const part = `${path}${partMark}`
  for (let attempt = 1; (await sizeOf(part)) < file.bytes || file.bytes === 0; attempt++) {
    try {
      await fetchRest(url, file, part, source, fetched, options)
      if (file.bytes === 0) break
    } catch (thrown) {
      const passes = thrown instanceof AttuneError && thrown.code === 'unreachable' && attempt < attempts
      if (!passes) throw thrown
      await pause((options.patienceMs ?? 1000) * attempt)
    }
  }
  if (!(await isWhole(part, file))) {
    await rm(part, { force: true })
    const message = `${file.name} of ${source.repo} is not what ${source.endpoint} says it is: its hash differs. What was fetched is gone; try again.`
    throw new AttuneError('bad_file', message)
  }
  await rename(part, path)
}

/** From where the part ends; from the beginning where the server cannot do that. */
async function fetchRest(
  url: string,
  { name, bytes }: HubFile,
  part: string,
  source: HubSource,
  fetched: HubFetch,
  { signal, onProgress }: DownloadOptions,
): Promise<void> {
  const there = await sizeOf(part)
  const response = await fetched(url, there > 0 ? { range: `bytes=${there}-` } : {})
  refuse(response, source)
  const goesOn = response.status === 206
  const file = await open(part, goesOn ? 'a' : 'w')
  let done = goesOn ? there : 0
  try {
    if (goesOn && !response.headers.get('content-range')?.startsWith(`bytes ${there}-`)) {
      throw new AttuneError('unreachable', `${source.endpoint} went on with ${name} somewhere else than was asked.`)
    }
    for await (const chunk of response.body ?? []) {
      done += chunk.length
      if (done > bytes) {
        await file.truncate(0)
        throw new AttuneError(
          'bad_file',
          `${name} of ${source.repo} is longer than ${source.endpoint} says. Nothing of it is kept.`,
        )
      }
      await file.write(chunk)
      onProgress(done, bytes)
    }
  } catch (thrown) {
    throw thrown instanceof AttuneError || isDisk(thrown) ? thrown : failure(source.endpoint, signal, thrown)
  } finally {
    await file.close()
  }
  if (done < bytes) {
    throw new AttuneError(
      'unreachable',
      `${source.endpoint} ended ${name} after ${done} of ${bytes} bytes. Try again: it goes on there.`,
    )
  }
}

function isDisk(thrown: unknown): boolean {
  return (
    thrown instanceof Error && 'syscall' in thrown && ['write', 'ftruncate', 'open'].includes(String(thrown.syscall))
  )
}

function failure(endpoint: string, signal: AbortSignal, cause: unknown): AttuneError {
  if (signal.aborted)
    return new AttuneError('stopped', 'The download was cancelled. Asked for again, it goes on where it was.')
  const reason = cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause)
  const message = `${endpoint} cannot be reached (${reason}). Look at the network, or let HF_ENDPOINT name another; asked for again, a download goes on where it was.`
  return new AttuneError('unreachable', message, undefined, { cause })
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0
}

async function isWhole(path: string, { bytes, hash: { kind, hex } }: HubFile): Promise<boolean> {
  // Git knows a file by a heading and its bytes.
  const hash = kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex') === hex
}
