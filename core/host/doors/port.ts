import type { App } from '../../app/create-app.ts'
import type { Reply } from '../../contract/dispatch.ts'
import { dispatch } from '../../contract/dispatch.ts'
import { AttuneError, toErrorPayload } from '../../contract/errors.ts'
import type { AppEvent } from '../../contract/events.ts'

/** What a page sends: one call. `id` is the page's own count. */
export interface PortRequest {
  readonly id: number
  readonly method: string
  readonly input: unknown
}

/** What it gets: the answer to one call, or a push. */
export type PortMessage = { readonly id: number; readonly reply: Reply } | { readonly event: AppEvent }

/** The host's end of a message port, as Electron's MessagePortMain has it: payloads arrive as `event.data`. */
export interface HostPort {
  on(name: 'message', listener: (event: { data: unknown }) => void): unknown
  on(name: 'close', listener: () => void): unknown
  start(): void
  postMessage(message: PortMessage): void
}

/**
 * Answers one page over a message port until the port closes. Who holds the other end was checked by the shell when it
 * handed the port over. Returns a function that ends the pushes; calls under way still answer.
 */
export function attachPort({ handlers, subscribe }: Pick<App, 'handlers' | 'subscribe'>, port: HostPort): () => void {
  let open = true
  const unsubscribe = subscribe((event) => port.postMessage({ event }))
  const detach = () => {
    open = false
    unsubscribe()
  }
  port.on('message', ({ data }) => {
    const request = data
    if (!isRequest(request)) return
    void dispatch(handlers, request.method, request.input).then((reply) => {
      if (open) send(request.id, reply)
    })
  })
  port.on('close', detach)
  port.start()
  return detach

  /** A value that cannot be cloned is a defect of the handler: the caller still gets an answer. */
  function send(id: number, reply: Reply): void {
    try {
      port.postMessage({ id, reply })
    } catch (cause) {
      const error = new AttuneError('internal', 'The answer could not be sent to the window.', undefined, { cause })
      port.postMessage({ id, reply: { ok: false, error: toErrorPayload(error) } })
    }
  }
}

function isRequest(data: unknown): data is PortRequest {
  if (typeof data !== 'object' || data === null) return false
  const { id, method } = data as Partial<PortRequest>
  return Number.isSafeInteger(id) && typeof method === 'string'
}
