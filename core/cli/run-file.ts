import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import type { RunConfigInput } from '../contract/settings.ts'
import { findDataset, findModel, type Ground } from './ground.ts'
import type { Io } from './io.ts'
import { readRunSettings } from './run-settings.ts'

/**
 * The settings in a file ("-": on standard input) with `sets` over them, model and dataset by id. Throws as
 * readRunSettings, and not_found.
 */
export async function runConfigOf(ground: Ground, file: string, sets: readonly string[]): Promise<RunConfigInput> {
  const source = file === '-' ? 'standard input' : file
  const written = readRunSettings(await textOf(file, ground.io), source, sets)
  const model = await idOr(written.model, findModel(ground, written.model))
  const dataset = await idOr(written.dataset, findDataset(ground, written.dataset))
  return { ...written, model, dataset }
}

/** What is not in the list here is left to the app, which also knows starters by their own names. */
async function idOr(written: string, found: Promise<{ readonly id: string }>): Promise<string> {
  try {
    return (await found).id
  } catch (error) {
    if (error instanceof AttuneError && error.code === 'not_found') return written
    throw error
  }
}

async function textOf(file: string, io: Io): Promise<string> {
  if (file === '-') {
    const chunks: Buffer[] = []
    for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks).toString('utf8')
  }
  const path = resolve(io.cwd, file)
  try {
    return (await readFile(path, 'utf8')).replace(/^\ufeff/, '')
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    const why = reason === 'ENOENT' ? 'it is not there' : reason === 'EISDIR' ? 'it is a folder' : reason
    throw new AttuneError('not_found', `The settings file ${path} cannot be read: ${why}.`, { path }, { cause })
  }
}
