import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkImports } from '../../../scripts/import-rules.mjs'

/** A small tree in which every import is allowed. */
const sound: Record<string, string> = {
  'core/util/clock.ts': 'export const now = () => Date.now()\n',
  'core/contract/domain.ts': 'export interface Run { readonly id: string }\n',
  'core/engine/engine.ts': 'export interface Engine { readonly name: string }\n',
  'core/engine/native/load.ts': 'export const load = () => 1\n',
  'core/engine/open.ts': "import { load } from './native/load.ts'\nexport const open = () => load()\n",
  'core/store/open.ts': "import { now } from '../util/clock.ts'\nexport const store = () => now()\n",
  'core/train/train.ts': "import { open } from '../engine/open.ts'\nexport const train = () => open()\n",
  'core/worker/entry.ts': "import { train } from '../train/train.ts'\nexport const entry = () => train()\n",
  'core/worker/handle.ts':
    "import type { Run } from '../contract/domain.ts'\nexport const handle = (run: Run) => run.id\n",
  'core/app/create-app.ts':
    "import { store } from '../store/open.ts'\nimport { handle } from '../worker/handle.ts'\nexport const app = () => [store(), handle]\n",
  'renderer/features/runs/runs.tsx':
    "import type { Run } from '../../../core/contract/domain.ts'\nexport const a = (run: Run) => run.id\n",
  'renderer/features/compare/compare.tsx': 'export const b = 2\n',
}

let root = ''
const write = async (path: string, text: string) => {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'attune-imports-'))
  for (const [path, text] of Object.entries(sound)) await write(path, text)
})
afterEach(() => rm(root, { recursive: true, force: true }))

test('a sound tree has no violation, and all of it is looked at', async () => {
  expect(await checkImports(root)).toEqual({ modules: Object.keys(sound).length, violations: [] })
})

describe('what is planted is found:', () => {
  test.each([
    [
      'the app trains by itself',
      'core/app/create-app.ts',
      "import { train } from '../train/train.ts'\nexport const x = train\n",
    ],
    [
      'the store knows the app',
      'core/store/open.ts',
      "import { app } from '../app/create-app.ts'\nexport const store = app\n",
    ],
    [
      'the page reaches into core',
      'renderer/features/runs/runs.tsx',
      "import { now } from '../../../core/util/clock.ts'\nexport const x = now\n",
    ],
    [
      'only a type is taken',
      'core/contract/domain.ts',
      "import type { Engine } from '../engine/engine.ts'\nexport type X = Engine\n",
    ],
    [
      'a sibling feature',
      'renderer/features/runs/runs.tsx',
      "import { b } from '../compare/compare.tsx'\nexport const x = b\n",
    ],
    [
      'the handle loads training',
      'core/worker/handle.ts',
      "import { train } from '../train/train.ts'\nexport const handle = train\n",
    ],
    [
      'a second door to TensorFlow',
      'core/engine/open.ts',
      "import * as tf from '@tensorflow/tfjs-node'\nexport const x = tf\n",
    ],
    ['a dynamic import', 'core/app/create-app.ts', "export const x = () => import('../train/train.ts')\n"],
    ['a cycle', 'core/engine/native/load.ts', "import { open } from '../open.ts'\nexport const load = () => open\n"],
    ['an import that leads nowhere', 'core/util/clock.ts', "import { x } from './gone.ts'\nexport const now = x\n"],
  ])('%s', async (_what, path, text) => {
    await write(path, text)
    const { violations } = await checkImports(root)
    expect(violations.map(({ from }: { from: string }) => from)).toContain(path)
  })
})

test('a tree without modules, and one whose files are not understood, is an error', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'attune-imports-'))
  await expect(checkImports(empty)).rejects.toThrow('looked at no module')
  await mkdir(join(empty, 'core', 'util'), { recursive: true })
  await cp(join(root, 'core', 'util', 'clock.ts'), join(empty, 'core', 'util', 'clock.ts'))
  await expect(checkImports(empty)).rejects.toThrow('not one import')
  await rm(empty, { recursive: true })
})
