import { existsSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Dataset, Model, Run, Source } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Subscribe } from '../contract/events.ts'
import type { Call } from '../contract/methods.ts'
import { createHost, type Host } from '../host/create-host.ts'
import { memoryCall } from '../host/doors/memory.ts'
import type { Io, Output } from './io.ts'
import { pick } from './pick.ts'

/** What a command stands on: the app in this process, and the outside. */
export interface Ground {
  readonly host: Host
  readonly call: Call
  readonly subscribe: Subscribe
  readonly io: Io
  readonly output: Output
}

/**
 * Opens the app, does the work, closes the app, whatever happens. A command that stays also trains what other processes
 * left in the queue.
 */
export async function withGround<T>(
  io: Io,
  output: Output,
  { stays }: { readonly stays: boolean },
  work: (ground: Ground) => Promise<T>,
): Promise<T> {
  const host = await createHost({ adoptQueue: stays })
  try {
    const { handlers, subscribe } = host.app
    return await work({ host, call: memoryCall(handlers), subscribe, io, output })
  } finally {
    await host.app.close()
  }
}

export async function findRun({ call }: Ground, wanted: string): Promise<Run> {
  return pick('run', (await call('runs.list', {})).runs, wanted)
}

export async function findDataset({ call }: Ground, wanted: string): Promise<Dataset> {
  return pick('dataset', (await call('datasets.list', {})).datasets, wanted)
}

export async function findModel({ call }: Ground, wanted: string): Promise<Model> {
  return pick('model', (await call('models.list', {})).models, wanted)
}

/**
 * An argument as the source of an import: `<prefix>:NAME` is what came with Attune, anything else a path, which gets a
 * handle as any other door's file does.
 */
export function sourceOf({ host, io }: Ground, prefix: 'sample' | 'starter', argument: string): Source {
  if (argument.startsWith(`${prefix}:`)) return { kind: 'sample', name: argument.slice(prefix.length + 1) }
  const path = resolve(io.cwd, argument)
  if (!existsSync(path)) throw new AttuneError('not_found', `There is no file or folder ${path}.`, { path })
  const isFolder = statSync(path).isDirectory()
  if (prefix === 'starter' && !isFolder) {
    throw new AttuneError('bad_file', `${path} is a file. Give the folder with its config.json.`, { path })
  }
  return { kind: 'file', handle: host.app.files.register(path, basename(path)) }
}

/** Shows how far a long call is, on stderr, while it lasts. */
export async function showingProgress<T>({ subscribe, output }: Ground, work: Promise<T>): Promise<T> {
  const unsubscribe = subscribe((event) => {
    if (event.type !== 'progress') return
    const share = event.total ? ` ${Math.floor((100 * event.done) / event.total)} %` : ''
    output.progress(`${event.label}${share}`)
  })
  try {
    return await work
  } finally {
    unsubscribe()
    output.settle()
  }
}
