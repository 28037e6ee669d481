import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { AppInfo } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'

/** What set-up puts into the cache: starter models and sample datasets, each a folder with a description of itself. */

type Listed = AppInfo['samples'][number]

const knownStarters: readonly Listed[] = [
  {
    name: 'minilm-l6',
    title: 'MiniLM-L6',
    description: 'A small English BERT encoder with 6 layers and 22.7 million parameters.',
    licence: 'Apache-2.0',
    available: false,
  },
]

const knownSamples: readonly Listed[] = [
  {
    name: 'spam-assassin',
    title: 'Spam or ham',
    description: 'E-mails of 2002 and 2003, half of them spam, from the SpamAssassin public corpus.',
    licence: 'PDDL 1.0 (collection), CC0 1.0 (contents)',
    available: false,
  },
]

const starterSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  licence: z.string(),
  source: z.string(),
})
const sampleSchema = starterSchema.extend({ file: z.string().regex(/^[^/\\]+$/) })

export type Starter = z.infer<typeof starterSchema> & { readonly dir: string }
export type Sample = z.infer<typeof sampleSchema> & { readonly dir: string }

export const starterNames = knownStarters.map(({ name }) => name)

/** Known ones, those that set-up has not fetched too. */
export async function listStarters(cache: string): Promise<Listed[]> {
  return Promise.all(knownStarters.map(async (known) => listed(known, await readStarter(cache, known.name))))
}

export async function listSamples(cache: string): Promise<Listed[]> {
  return Promise.all(knownSamples.map(async (known) => listed(known, await readSample(cache, known.name))))
}

/** Null when set-up has not fetched it. */
export async function readStarter(cache: string, name: string): Promise<Starter | null> {
  const dir = join(cache, 'starters', name)
  const described = await describe(join(dir, 'starter.json'), starterSchema)
  return described && { ...described, dir }
}

/** Throws not_found for a name that is not one, or not at hand. */
export async function starterFolder(cache: string, name: string): Promise<Starter> {
  refuseUnknown('starter model', name, knownStarters)
  return (await readStarter(cache, name)) ?? notFetched('starter model', name)
}

/** Throws not_found for a name that is not one, or not at hand. */
export async function sampleFile(cache: string, name: string): Promise<Sample> {
  refuseUnknown('sample dataset', name, knownSamples)
  return (await readSample(cache, name)) ?? notFetched('sample dataset', name)
}

async function readSample(cache: string, name: string): Promise<Sample | null> {
  const dir = join(cache, 'samples', name)
  const described = await describe(join(dir, 'sample.json'), sampleSchema)
  return described && { ...described, dir }
}

async function describe<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    // Absent or half written: set-up fetches it again.
    return null
  }
}

function listed(known: Listed, found: Starter | null): Listed {
  if (found === null) return known
  const { name, title, description, licence } = found
  return { name, title, description, licence, available: true }
}

function refuseUnknown(what: string, name: string, known: readonly Listed[]): void {
  if (known.some((one) => one.name === name)) return
  const names = known.map((one) => `"${one.name}"`).join(', ')
  throw new AttuneError('not_found', `There is no ${what} "${name}"; there is ${names}.`, { name })
}

function notFetched(what: string, name: string): never {
  throw new AttuneError(
    'not_found',
    `The ${what} "${name}" is not on this machine. Run "npm start" once to fetch it.`,
    {
      name,
    },
  )
}
