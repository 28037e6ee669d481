import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fetchTarball, forget } from './downloads.mjs'
import { needSpace, placeFolder } from './files.mjs'
import { samplesDir } from './places.mjs'
import { size, step } from './report.mjs'
import { sample as clothes } from './samples/clothes.mjs'
import { definitions, preferences } from './samples/definitions.mjs'
import { sample as pronunciations } from './samples/pronunciations.mjs'
import { untar } from './tar.mjs'

/** Sample datasets beside the e-mails that set-up brings: real data for other tasks, fetched when they are asked for. */
export const samples = [pronunciations, definitions, preferences, clothes]

const placeOf = ({ name }) => join(samplesDir(), name)
const isThere = (sample) => existsSync(join(placeOf(sample), 'sample.json'))

export function samplesReady() {
  return samples.every(isThere)
}

export async function provideSamples() {
  await needSpace(samplesDir(), 250e6, 'The sample datasets')
  for (const sample of samples) if (!isThere(sample)) await provideOne(sample)
}

async function provideOne(sample) {
  const { title, tarball, notices, wanted, make, ...described } = sample
  const archive = await step(`Sample dataset "${title}": download ${size(tarball.bytes)}`, (at) =>
    fetchTarball(tarball, at),
  )
  await step(`Sample dataset "${title}": write`, () =>
    placeFolder(placeOf(sample), async (dir) => {
      const files = new Map()
      for await (const { name, bytes } of untar(archive, (name) => wanted(name) || notices.includes(name))) {
        if (notices.includes(name)) await writeFile(join(dir, basename(name)), bytes)
        else files.set(name, bytes)
      }
      for (const [name, content] of make(files)) {
        await mkdir(dirname(join(dir, name)), { recursive: true })
        await writeFile(join(dir, name), content)
      }
      const description = { ...described, title, source: `npm ${tarball.requirement}` }
      await writeFile(join(dir, 'sample.json'), `${JSON.stringify(description, null, 2)}\n`)
    }),
  )
  const waiting = samples.some((other) => other !== sample && other.tarball === tarball && !isThere(other))
  if (!waiting) await forget(archive)
}
