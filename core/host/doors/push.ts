import type { AppEvent, Subscribe } from '../../contract/events.ts'

export interface PushOptions {
  /** Milliseconds between heartbeats, which keep idle connections open and find dead ones. */
  readonly beatMs?: number
  /** A reader that takes nothing for this long is dropped; EventSource comes back by itself. */
  readonly patienceMs?: number
}

/** Chunks that wait in the stream before new pushes are merged instead. */
const depth = 16
/** Subjects that may wait; far more than a page can show, so that memory stays bounded whatever happens. */
const widest = 1000

/**
 * The app's pushes as server-sent events: `data: <AppEvent as JSON>`, heartbeats as comments. A push is a cursor, so
 * of those about one subject only the newest needs to arrive: while a reader is slow they are merged, which bounds
 * what waits for it. Ends its subscription when the reader leaves, is too slow, or `signal` fires.
 */
export function pushStream(
  subscribe: Subscribe,
  signal: AbortSignal,
  { beatMs = 15_000, patienceMs = 60_000 }: PushOptions = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder()
  const waiting = new Map<string, AppEvent>()
  let blockedMs = 0
  let end: () => void = () => {}

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        const send = (text: string) => controller.enqueue(encoder.encode(text))
        const unsubscribe = subscribe((event) => {
          const subject = subjectOf(event)
          waiting.delete(subject) // so that it goes to the end of the line: order is by newest push
          waiting.set(subject, event)
          if (waiting.size > widest) drop()
          else flush(controller)
        })
        const timer = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) {
            blockedMs = 0
            send(': beat\n\n')
          } else {
            blockedMs += beatMs
            if (blockedMs >= patienceMs) drop()
          }
        }, beatMs)
        const finish = () => {
          end()
          controller.close()
        }
        // An error, not a close: what is queued is thrown away and the connection is cut.
        const drop = () => {
          end()
          controller.error(new Error('the reader of the pushes was too slow'))
        }
        end = () => {
          unsubscribe()
          clearInterval(timer)
          signal.removeEventListener('abort', finish)
          waiting.clear()
        }
        if (signal.aborted) return finish()
        signal.addEventListener('abort', finish)
        send('retry: 1000\n\n')
      },
      pull(controller) {
        blockedMs = 0
        flush(controller)
      },
      cancel() {
        end()
      },
    },
    { highWaterMark: depth },
  )

  function flush(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    for (const [subject, event] of waiting) {
      if ((controller.desiredSize ?? 0) <= 0) return
      waiting.delete(subject)
      controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`))
    }
  }
}

/** Two pushes about the same subject: the newer one says all that the older one said. */
function subjectOf(event: AppEvent): string {
  if (event.type === 'run') return `run ${event.id}`
  if (event.type === 'generation') return `generation ${event.id}`
  if (event.type === 'progress') return `progress ${event.task}`
  return event.type
}
