import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
export const tinyModelDir = join(root, 'test', 'golden', 'tiny-bert')

/** A data home of its own for one test, removed when the test ends. */
export async function temporaryHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'attune-home-'))
  onTestFinished(() => rm(home, { recursive: true, force: true, maxRetries: 5 }))
  return home
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** stdout as JSON, one value a line. */
  readonly json: Record<string, unknown>[]
}

/** Starts the attune command as a process of its own, on `home`. Whoever starts it sees to its end. */
export function spawnAttune(
  home: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  const env = { ...process.env, ATTUNE_HOME: home, TF_CPP_MIN_LOG_LEVEL: '2', ...environment }
  return spawn(process.execPath, [join(root, 'core', 'cli', 'main.ts'), ...args], { cwd: root, env })
}

/** The same within a test, which ends it. */
export function startAttune(
  home: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  const child = spawnAttune(home, args, environment)
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

/** Runs the attune command to its end. */
export async function attune(home: string, ...args: string[]): Promise<Finished> {
  return finished(startAttune(home, args))
}

/** What a command wrote until it ended. */
export async function finished(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.end()
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  return { code, stdout, stderr, json: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

const openings = ['now', 'please', 'today', 'you', 'the list', 'a kernel', 'money', 'meeting']
const spamWords = ['win a free prize', 'click to win money', 'free money click', 'the free prize for you']
const hamWords = [
  'the meeting is in the list',
  'a patch for the kernel',
  'kernel list and patch',
  'to patch the kernel',
]

/** A CSV of `count` short mails, half spam, that a tiny model learns within a few epochs. */
export async function writeMails(path: string, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, i) => {
    const words = i % 2 === 0 ? spamWords : hamWords
    const text = `${openings[(i * 7) % openings.length]} ${words[(i * 3) % words.length]}, ${openings[i % openings.length]} ${i}`
    return `"${text}",${i % 2 === 0 ? 'spam' : 'ham'}`
  })
  await writeFile(path, `text,label\n${rows.join('\n')}\n`)
}

/** Trains by the command line, a run after the other, each with its settings over the common ones. The runs' ids, in order. */
export async function trainRuns(
  home: string,
  common: Readonly<Record<string, unknown>>,
  runs: readonly Readonly<Record<string, unknown>>[],
): Promise<string[]> {
  const ids: string[] = []
  for (const settings of runs) {
    const config = join(home, 'config.json')
    await writeFile(config, JSON.stringify({ ...common, ...settings }))
    const { code, json, stderr } = await attune(home, 'train', config, '--watch', '--json')
    if (code !== 0) throw new Error(`attune train ended with ${code}: ${stderr}`)
    ids.push((json.at(-1) as { run: { id: string } }).run.id)
  }
  return ids
}

/** The app served to a browser. Resolves to its address, launch token included, once it listens. */
export async function serveAttune(home: string, environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = startAttune(home, ['serve', '--no-open', '--port', '0', '--json'], environment)
  let told = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    told += chunk
    const url = /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/.exec(told)?.[0]
    if (url) {
      child.stdout.resume()
      return url
    }
  }
  throw new Error(`attune serve ended without an address: ${told}`)
}
