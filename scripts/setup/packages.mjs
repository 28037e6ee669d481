import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasonIn, runNpm } from './command.mjs'
import { needSpace, treeSize } from './files.mjs'
import { modules, root } from './places.mjs'
import { Problem } from './problem.mjs'
import { say, step } from './report.mjs'

/** node_modules as the lockfile says, by npm ci. The stamp lies inside, so that it goes when node_modules goes. */

const stamp = join(modules, '.attune-setup')
const npmOwnRecord = join(modules, '.package-lock.json')
const bytesInstalled = 1.0e9

function wanted() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex')
}

/** npm's record of what it installed agrees with the lockfile: somebody ran npm ci by hand. Optional ones may be left out. */
function installedByHand() {
  const installed = JSON.parse(readFileSync(npmOwnRecord, 'utf8')).packages
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(packages).every(
    ([name, { version, optional }]) =>
      name === '' || (installed[name]?.version ?? (optional ? version : null)) === version,
  )
}

export function packagesReady() {
  if (!existsSync(npmOwnRecord)) return false
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return true
  if (!installedByHand()) return false
  writeFileSync(stamp, wanted())
  return true
}

export async function providePackages() {
  await needSpace(root, bytesInstalled, 'node_modules')
  await step('npm packages: install about 1 GB', async (at) => {
    const timer = setInterval(() => void treeSize(modules).then((bytes) => at(bytes, bytesInstalled)), 1500)
    const { code, output } = await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root }).finally(
      () => clearInterval(timer),
    )
    if (code === null) throw new Problem('npm was not found; install Node.js with npm.')
    if (code !== 0) {
      say(output.trim().split('\n').slice(0, 20).join('\n'))
      throw new Problem(`npm ci failed: ${reasonIn(output)}`)
    }
  })
  writeFileSync(stamp, wanted())
}
