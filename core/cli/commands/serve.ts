import { AttuneError } from '../../contract/errors.ts'
import { program } from '../../host/program.ts'
import { serve } from '../../host/serve.ts'
import type { Ground } from '../ground.ts'
import { hasDisplay, openBrowser } from '../open-browser.ts'

export interface ServeCommandOptions {
  readonly port?: string
  readonly open: boolean
}

/**
 * Serves the app to a browser on this machine until a signal: prints the address, with its token, once and only to
 * stdout. The first signal lets this process's runs save and end, the second leaves at once.
 */
export async function serveCommand({ host, io, output }: Ground, options: ServeCommandOptions): Promise<number> {
  const { app, home } = host
  const port = options.port === undefined ? undefined : portOf(options.port)
  const served = await serve({ app, home, staticDir: program().staticDir, port })
  if (output.json) output.object({ url: served.url, port: served.port })
  else output.text(`Attune is running at ${served.url}`)
  const forget = options.open && hasDisplay() ? openBrowser(served.url, home) : () => {}

  let signals = 0
  let unlisten = () => {}
  await new Promise<void>((resolve) => {
    unlisten = io.onSignal(() => {
      signals += 1
      if (signals === 1) return resolve()
      forget()
      io.exit(130)
    })
  })
  output.note('Closing: runs in progress save their weights first. Once more to leave at once.')
  forget()
  await served.close()
  await host.settle().catch((error: unknown) => output.note(error instanceof Error ? error.message : String(error)))
  unlisten()
  return 0
}

function portOf(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new AttuneError('bad_request', `--port ${text}: a port is a whole number from 0 to 65535.`)
  }
  return port
}
