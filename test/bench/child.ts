import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { AttuneError } from '../../core/contract/errors.ts'

/** A line of JSON that a process wrote, and when: milliseconds since it was started. */
export interface Line {
  readonly atMs: number
  readonly value: Readonly<Record<string, unknown>>
}

const running = new Set<ReturnType<typeof spawn>>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill('SIGTERM')
    process.exit(130)
  })
}

/**
 * Runs a command to its end and resolves to the lines of JSON that it wrote on stdout; other lines are dropped.
 * Throws AttuneError internal with the end of its stderr when it fails.
 */
export async function linesOf(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly Line[]> {
  const begun = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  running.add(child)
  const lines: Line[] = []
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told = (told + text).slice(-4000)
  })
  const reading = createInterface({ input: child.stdout })
  reading.on('line', (line) => {
    const atMs = performance.now() - begun
    if (line.startsWith('{')) lines.push({ atMs, value: JSON.parse(line) as Line['value'] })
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  }).finally(() => running.delete(child))
  if (code === 0) return lines
  const last = JSON.stringify(lines.at(-1)?.value ?? '').slice(0, 2000)
  throw new AttuneError('internal', `A process of the benchmark ended with code ${code}: ${told.trim() || last}.`)
}

/** The last line of a process: what it came to. */
export function outcome(lines: readonly Line[]): Line['value'] {
  const last = lines.at(-1)
  if (!last) throw new AttuneError('internal', 'A process of the benchmark ended without a result.')
  return last.value
}
