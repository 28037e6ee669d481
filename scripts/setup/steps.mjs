import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildReady, provideElectron, provideRenderer } from './build.mjs'
import { findChromium, provideChromium } from './chromium.mjs'
import { kernelsObstacle, kernelsReady, provideKernels } from './kernels.mjs'
import { withLock } from './lock.mjs'
import { nativeObstacle, nativeReady, provideNative } from './native.mjs'
import { node24 } from './node24.mjs'
import { packagesReady, providePackages } from './packages.mjs'
import { cacheDir, modules, root } from './places.mjs'
import { Problem } from './problem.mjs'
import { say } from './report.mjs'
import { provideSample, sampleReady } from './sample.mjs'
import { provideSamples, samplesReady } from './samples.mjs'
import { provideStarter, starterReady } from './starter.mjs'

const cacheLock = (name) => join(cacheDir(), 'locks', `${name}.lock`)
const cloneLock = join(root, '.cache', 'setup.lock')

/**
 * What a clone may need, in the order it is provided. `ready` is cheap (a few file looks); `provide` runs under a lock
 * and only when it is not ready. `without` marks what the app can do without, as the sentence that says so;
 * `obstacle` says what this machine lacks for it.
 */
const steps = {
  packages: { ready: packagesReady, provide: providePackages, lock: cloneLock },
  native: {
    ready: nativeReady,
    provide: () => provideNative(node24()),
    obstacle: nativeObstacle,
    lock: cacheLock('native'),
    without: 'Training will run on the slow engine (WebAssembly instead of TensorFlow), and the app says so.',
  },
  kernels: {
    ready: kernelsReady,
    provide: provideKernels,
    obstacle: kernelsObstacle,
    lock: cacheLock('native'),
    without: "Training will do with TensorFlow's own operations, which takes about a third longer.",
  },
  starter: {
    ready: starterReady,
    provide: provideStarter,
    lock: cacheLock('starter'),
    without: 'The app opens without its starter model; you can still add a model folder of your own.',
  },
  sample: {
    ready: sampleReady,
    provide: provideSample,
    lock: cacheLock('sample'),
    without: 'The app opens without its sample dataset; you can still import a file of your own.',
  },
  samples: {
    ready: samplesReady,
    provide: provideSamples,
    lock: cacheLock('samples'),
    without: 'The app offers only the sample datasets that are there.',
  },
  renderer: { ready: () => buildReady('renderer'), provide: () => provideRenderer(node24()), lock: cloneLock },
  electron: { ready: () => buildReady('electron'), provide: () => provideElectron(node24()), lock: cloneLock },
  chromium: {
    ready: () => findChromium() !== null,
    provide: provideChromium,
    lock: cacheLock('chromium'),
    without: 'The end-to-end tests will fail without it.',
  },
}

/**
 * A host that could not be reached is not asked again for an hour, so that working offline starts at once; sooner when
 * what stood in the way on this machine has changed.
 */
const pause = 3_600_000
const missedFile = (name) => join(cacheDir(), 'missed', `${name}.json`)
const obstacleOf = async (name) => (await steps[name].obstacle?.()) ?? ''

/** The sentence of a failure that is not worth repeating yet, or null. */
async function missedLately(name) {
  const info = await stat(missedFile(name)).catch(() => null)
  if (info === null || Date.now() - info.mtimeMs >= pause) return null
  const { sentence, obstacle } = JSON.parse(await readFile(missedFile(name), 'utf8'))
  return obstacle === (await obstacleOf(name)) ? `${obstacle} ${sentence}`.trim() : null
}

async function remember(name, sentence) {
  await mkdir(dirname(missedFile(name)), { recursive: true })
  const text = JSON.stringify({ sentence, obstacle: await obstacleOf(name) })
  await writeFile(`${missedFile(name)}.${process.pid}`, text)
  await rename(`${missedFile(name)}.${process.pid}`, missedFile(name))
}

async function provide(name) {
  const step = steps[name]
  const missed = step.without ? await missedLately(name) : null
  if (missed) {
    say(`! ${missed} ${step.without} (Tried again in an hour, or when ${missedFile(name)} is deleted.)`)
    return
  }
  try {
    await withLock(step.lock, async () => {
      if (!step.ready()) await step.provide()
    })
    await rm(missedFile(name), { force: true })
  } catch (error) {
    if (!(error instanceof Problem) || !step.without) throw error
    say(`! ${error.message} ${step.without}`)
    if (error.passing) await remember(name, error.message)
  }
}

/** Provides what is named and not there yet. Throws a Problem about what the app cannot do without. */
export async function ensure(names) {
  const first = !existsSync(modules)
  if (first) say(`Setting up Attune in ${root}; downloads are shared by all clones in ${cacheDir()}.`)
  for (const name of names) {
    if (!steps[name].ready()) await provide(name)
  }
}
