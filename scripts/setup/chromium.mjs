import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { reasonIn, run } from './command.mjs'
import { Problem } from './problem.mjs'
import { step } from './report.mjs'

/** A Chromium for the end-to-end tests: ATTUNE_CHROMIUM, else the machine's own, else Debian's package. */

const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge']

function standardPaths() {
  if (process.platform === 'darwin')
    return ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    )
  if (process.platform !== 'win32') return []
  const roots = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].filter(Boolean)
  const programs = ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe']
  return roots.flatMap((root) => programs.map((program) => join(root, program)))
}

/** Path of a browser, or null. */
export function findChromium() {
  const chosen = process.env.ATTUNE_CHROMIUM
  if (chosen) return existsSync(chosen) ? chosen : null
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = [...commands.flatMap((name) => folders.map((folder) => join(folder, name))), ...standardPaths()]
  return candidates.find((path) => existsSync(path)) ?? null
}

/** Debian's package, where this process may install it. */
async function install() {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const packageInstall = ['install', '-y', '--no-install-recommends', 'chromium']
  let result = await run('apt-get', packageInstall, { env })
  if (result.code !== 0) {
    await run('apt-get', ['update'], { env })
    result = await run('apt-get', packageInstall, { env })
  }
  if (result.code !== 0) throw new Problem(`apt-get could not install chromium: ${reasonIn(result.output)}`)
}

export async function provideChromium() {
  if (process.env.ATTUNE_CHROMIUM)
    throw new Problem(`ATTUNE_CHROMIUM names ${process.env.ATTUNE_CHROMIUM}, which is not there.`)
  const mayInstall = existsSync('/etc/debian_version') && process.getuid?.() === 0
  if (!mayInstall)
    throw new Problem(
      'The end-to-end tests need a browser: install Chromium or Chrome, or let ATTUNE_CHROMIUM name one.',
    )
  await step('Chromium for the end-to-end tests: apt-get install, about 100 MB', install)
  if (!findChromium()) throw new Problem('apt-get installed chromium, but it is not on the path.')
}
