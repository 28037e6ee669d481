import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { AppInfo } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { taskSchema } from '../contract/settings.ts'
import { madeSamples } from '../samples/registry.ts'
import type { MadeSample } from '../samples/sample.ts'
import { partialPath } from '../util/files.ts'

/**
 * What comes with Attune: starter models and sample datasets that set-up puts into the cache, each a folder with a
 * description of itself, and samples that are made up here when they are first asked for.
 */

type ListedStarter = AppInfo['starters'][number]
type ListedSample = AppInfo['samples'][number]

const knownStarters: readonly ListedStarter[] = [
  {
    name: 'minilm-l6',
    title: 'MiniLM-L6',
    description: 'A small English BERT encoder with 6 layers and 22.7 million parameters.',
    licence: 'Apache-2.0',
    available: false,
  },
]

/** Those that set-up fetches: scripts/setup/samples/. */
const fetchedSamples: readonly ListedSample[] = [
  {
    name: 'spam-assassin',
    title: 'Spam or ham',
    description: 'E-mails of 2002 and 2003, half of them spam, from the SpamAssassin public corpus.',
    licence: 'PDDL 1.0 (collection), CC0 1.0 (contents)',
    task: 'text-classification',
    available: false,
  },
  {
    name: 'clothes',
    title: 'Clothes',
    description: '4,000 pictures of 28 × 28 pixels in ten classes, from Fashion-MNIST.',
    licence: 'MIT (Zalando SE)',
    task: 'image-classification',
    available: false,
  },
  {
    name: 'pronunciations',
    title: 'How words are spoken',
    description: '12,000 English words and their phonemes, from the CMU Pronouncing Dictionary.',
    licence: 'BSD-2-Clause (Carnegie Mellon University)',
    task: 'text2text-generation',
    available: false,
  },
  {
    name: 'definitions',
    title: 'Define a word',
    description: '6,000 instructions to define a noun, answered by WordNet.',
    licence: 'WordNet licence (Princeton University)',
    task: 'chat',
    available: false,
  },
  {
    name: 'preferences',
    title: 'Which definition is better',
    description: "3,000 nouns with their meaning in WordNet and another noun's: constructed preferences.",
    licence: 'WordNet licence (Princeton University)',
    task: 'preference',
    available: false,
  },
]

const madeLicence = 'CC0 1.0'

const starterSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  licence: z.string(),
  source: z.string(),
})
const sampleSchema = starterSchema.extend({
  /** A file or a folder. */
  file: z.string().regex(/^[^/\\]+$/),
  task: taskSchema.default('text-classification'),
  version: z.number().int().optional(),
})

export type Starter = z.infer<typeof starterSchema> & { readonly dir: string }
export type Sample = z.infer<typeof sampleSchema> & { readonly dir: string }

export const starterNames = knownStarters.map(({ name }) => name)

/** Known ones, those that set-up has not fetched too. */
export async function listStarters(cache: string): Promise<ListedStarter[]> {
  return Promise.all(knownStarters.map(async (known) => listed(known, await readStarter(cache, known.name))))
}

export async function listSamples(cache: string): Promise<ListedSample[]> {
  const fetched = await Promise.all(
    fetchedSamples.map(async (known) => listed(known, await readSample(cache, known.name))),
  )
  const made = madeSamples.map(({ name, title, description, task }) => {
    return { name, title, description, licence: madeLicence, task, available: true }
  })
  return [...fetched, ...made]
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
  const fetching = 'Run "npm start" once to fetch it.'
  return (await readStarter(cache, name)) ?? notFetched('starter model', name, fetching)
}

/** Made where it is a constructed one. Throws not_found for a name that is not one, or not at hand. */
export async function sampleFile(cache: string, name: string): Promise<Sample> {
  refuseUnknown('sample dataset', name, [...fetchedSamples, ...madeSamples])
  const made = madeSamples.find((sample) => sample.name === name)
  if (made) return makeSample(cache, made)
  return (await readSample(cache, name)) ?? notFetched('sample dataset', name, 'Run "npm run samples" to fetch it.')
}

/** In one move, so that a folder is there whole or not at all; one of another version is made anew. */
async function makeSample(cache: string, made: MadeSample): Promise<Sample> {
  const { name, title, description, task, version } = made
  const known = await readSample(cache, name)
  if (known?.version === version) return known
  const dir = join(cache, 'samples', name)
  const fresh = partialPath(dir)
  try {
    await mkdir(fresh, { recursive: true })
    const file = await made.make(fresh)
    const sample = {
      name,
      title,
      description,
      licence: madeLicence,
      source: 'constructed by Attune',
      task,
      version,
      file,
    }
    await writeFile(join(fresh, 'sample.json'), `${JSON.stringify(sample, null, 2)}\n`)
    await rm(dir, { recursive: true, force: true })
    await rename(fresh, dir)
    return { ...sample, dir }
  } catch (thrown) {
    await rm(fresh, { recursive: true, force: true })
    // Another process may have made it meanwhile.
    const other = await readSample(cache, name)
    if (other?.version === version) return other
    throw thrown
  }
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

function listed<T extends ListedStarter>(
  known: T,
  found: Pick<Starter, 'title' | 'description' | 'licence'> | null,
): T {
  if (found === null) return known
  const { title, description, licence } = found
  return { ...known, title, description, licence, available: true }
}

function refuseUnknown(what: string, name: string, known: readonly { readonly name: string }[]): void {
  if (known.some((one) => one.name === name)) return
  const names = known.map((one) => `"${one.name}"`).join(', ')
  throw new AttuneError('not_found', `There is no ${what} "${name}"; there is ${names}.`, { name })
}

function notFetched(what: string, name: string, advice: string): never {
  throw new AttuneError('not_found', `The ${what} "${name}" is not on this machine. ${advice}`, { name })
}
