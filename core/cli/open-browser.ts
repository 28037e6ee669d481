import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Whether there is a screen that a browser could open on. */
export function hasDisplay(env: NodeJS.ProcessEnv = process.env, platform = process.platform): boolean {
  if (env.SSH_CONNECTION && !env.DISPLAY && !env.WAYLAND_DISPLAY) return false
  if (platform === 'darwin' || platform === 'win32') return true
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}

/** Starts a program of the desktop and forgets it. */
export type Launch = (program: string, args: readonly string[]) => void

const launchProgram: Launch = (program, args) => {
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}

/**
 * Opens `url` in the user's browser. Arguments of a process can be read by every user of the machine, and the url has
 * the launch token in it: so the browser is given a private file that goes on to it. Returns what deletes that file.
 * A browser that cannot be opened is no error: the address has been printed.
 */
export function openBrowser(url: string, home: string, launch: Launch = launchProgram): () => void {
  const file = join(home, `open-${process.pid}.html`)
  const html = `<!doctype html><meta name="referrer" content="no-referrer"><title>Attune</title><script>location.replace(${JSON.stringify(url)})</script>`
  writeFileSync(file, html, { mode: 0o600 })
  const target = pathToFileURL(file).href
  if (process.platform === 'darwin') launch('open', [target])
  else if (process.platform === 'win32') launch('rundll32', ['url.dll,FileProtocolHandler', target])
  else launch('xdg-open', [target])
  return () => rmSync(file, { force: true })
}
