import type { ErrorPayload } from '../contract/errors.ts'

/** What a command writes to. */
export interface Sink {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** The outside of the command line: streams, folder, signals. The process's own, or a test's. */
export interface Io {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly cwd: string
  /** SIGINT and SIGTERM, counted by the listener; returns the undo. */
  onSignal(listener: () => void): () => void
  /** Ends the process at once. */
  exit(code: number): void
}

/** What a command found: one JSON object, and the same for people. */
export interface Answer {
  readonly value: Readonly<Record<string, unknown>>
  readonly text: string
  /** What ended it before all was done: told after what is there, with --json as its "error". */
  readonly fault?: ErrorPayload | undefined
  /** When left out 0, or that of the fault. */
  readonly exitCode?: number
}

export interface Output {
  readonly json: boolean
  /** For people, on stderr, so that stdout stays the answer: what goes on meanwhile. */
  note(text: string): void
  /** The same on one line that is written over; one line each when nobody looks at a terminal. */
  progress(text: string): void
  /** Ends a progress line. */
  settle(): void
  /** One JSON object, one line, on stdout. */
  object(value: unknown): void
  /** Text for people, on stdout. */
  text(text: string): void
}

export function createOutput(io: Pick<Io, 'stdout' | 'stderr'>, json: boolean): Output {
  const terminal = io.stderr.isTTY === true
  let shown = 0
  let lastLine = ''
  const settle = () => {
    if (shown > 0) io.stderr.write('\n')
    shown = 0
  }
  return {
    json,
    settle,
    note(text) {
      settle()
      io.stderr.write(`${text}\n`)
    },
    progress(text) {
      if (!terminal) {
        if (text !== lastLine) io.stderr.write(`${text}\n`)
        lastLine = text
        return
      }
      const line = text.slice(0, Math.max(20, (io.stderr.columns ?? 80) - 1))
      io.stderr.write(`\r${line.padEnd(shown)}`)
      shown = line.length
    },
    object: (value) => void io.stdout.write(`${JSON.stringify(value)}\n`),
    text(text) {
      settle()
      io.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
    },
  }
}
