import { spawn } from 'node:child_process'
import { join } from 'node:path'

/**
 * `npm run test:soak [-- catalogue|resume|kill …]`: the long forms of everything that must survive faults. The catalogue
 * is the tests whose names begin with its ids, with its own numbers; the other two can be run alone.
 */

const root = join(import.meta.dirname, '..', '..')
const catalogue = [
  'test/unit/checkpoint/save.test.ts',
  'test/unit/train/memory.test.ts',
  'test/unit/train/resume.test.ts',
  'test/unit/train/settings.test.ts',
  'test/integration/checkpoint-faults.test.ts',
  'test/integration/ends.test.ts',
  'test/integration/store-faults.test.ts',
  'test/integration/store-kill.test.ts',
]

const parts: Readonly<Record<string, readonly string[]>> = {
  catalogue: [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--no-file-parallelism', ...catalogue],
  resume: [join(import.meta.dirname, 'resume.ts')],
  kill: [join(import.meta.dirname, 'kill.ts')],
}

function run(args: readonly string[]): Promise<number> {
  const env = { ...process.env, ATTUNE_SOAK: '1' }
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`There is no part "${unknown.join('", "')}". The parts are: ${Object.keys(parts).join(', ')}.`)
  process.exit(2)
}
const results: string[] = []
let failed = 0
for (const [name, args] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`── ${name}`)
  const begun = performance.now()
  const code = await run(args)
  if (code !== 0) failed++
  results.push(`${code === 0 ? '✓' : '✗'} ${name}, ${((performance.now() - begun) / 60_000).toFixed(1)} min`)
}
console.log(`\n${results.join('\n')}`)
process.exit(failed > 0 ? 1 : 0)
