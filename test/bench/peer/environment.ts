import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { attuneCache } from '../../../core/util/paths.ts'

/** The Python side: an interpreter that has torch, transformers, peft and safetensors. */
export interface PeerEnvironment {
  readonly python: string
  /** "Python 3.11.7, torch 2.15.0, transformers 5.23.0, …" */
  readonly versions: string
}

const run = promisify(execFile)
const requirementsFile = join(import.meta.dirname, 'requirements.txt')
const mark = 'complete'

const askVersions = `
import sys, torch, transformers, peft, safetensors
named = [("torch", torch), ("transformers", transformers), ("peft", peft), ("safetensors", safetensors)]
print("Python %d.%d.%d, " % sys.version_info[:3] + ", ".join("%s %s" % (name, package.__version__) for name, package in named))
`

/**
 * BENCH_PYTHON when it is set, else an environment of its own below the per-user cache, which pip fills on first use.
 * Resolves to one sentence when there can be none.
 */
export async function peerEnvironment(say: (text: string) => void): Promise<PeerEnvironment | string> {
  const chosen = process.env.BENCH_PYTHON
  try {
    return await examine(chosen ? chosen : await ownEnvironment(say))
  } catch (thrown) {
    const where = chosen ? `BENCH_PYTHON (${chosen}) cannot be used` : 'The Python side could not be set up'
    return `${where}, so only Attune's side is measured: ${reasonOf(thrown)}`
  }
}

async function examine(python: string): Promise<PeerEnvironment> {
  const { stdout } = await run(python, ['-c', askVersions])
  return { python, versions: stdout.trim() }
}

/** The interpreter of the environment for exactly these requirements; made anew unless it was finished before. */
async function ownEnvironment(say: (text: string) => void): Promise<string> {
  const requirements = readFileSync(requirementsFile, 'utf8')
  const dir = join(attuneCache(), 'bench', 'peer')
  const python = process.platform === 'win32' ? join(dir, 'Scripts', 'python.exe') : join(dir, 'bin', 'python')
  if ((await readFile(join(dir, mark), 'utf8').catch(() => '')) === requirements) return python
  const base = await basePython()
  say('Setting up the Python side with pip; torch and what it brings are several gigabytes, once.')
  await rm(dir, { recursive: true, force: true })
  await mkdir(join(dir, '..'), { recursive: true })
  await run(base, ['-m', 'venv', dir])
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirementsFile])
  await writeFile(join(dir, mark), requirements)
  return python
}

async function basePython(): Promise<string> {
  const names = process.env.ATTUNE_PYTHON ? [process.env.ATTUNE_PYTHON] : ['python3', 'python', 'py']
  for (const name of names) {
    const found = await run(name, ['-c', 'import venv, ensurepip']).then(
      () => true,
      () => false,
    )
    if (found) return name
  }
  throw new Error(`no Python 3 with venv and pip was found (looked for ${names.join(', ')})`)
}

/** The line of a failed command that tells most, as the end of a sentence. */
export function reasonOf(thrown: unknown): string {
  const told = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr) : ''
  const lines = told.split(/\r?\n/).filter((line) => line.trim() !== '')
  const telling = lines.filter((line) => /error/i.test(line)).at(-1) ?? lines.at(-1)
  const reason = telling ?? (thrown instanceof Error ? thrown.message : String(thrown))
  return `${reason.trim().replace(/\.$/, '')}.`
}
