#!/usr/bin/env node
/** `npm run check`: format and lint, types, import rules, unused code, unit tests. Runs all, then says which failed. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')

/** The script behind a package's command. */
function entryOf(name, command) {
  const { bin } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
  return join(modules, name, typeof bin === 'string' ? bin : bin[command])
}

const checks = [
  { name: 'format and lint', args: [entryOf('@biomejs/biome', 'biome'), 'ci', '--error-on-warnings', '.'] },
  { name: 'types', args: [entryOf('typescript', 'tsc'), '-b'] },
  { name: 'import rules', args: [join(root, 'scripts', 'import-rules.mjs')] },
  { name: 'unused code', args: [entryOf('knip', 'knip'), '--no-progress'] },
  { name: 'unit tests', args: [entryOf('vitest', 'vitest'), 'run', 'test/unit'] },
]

function run(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
}

const failed = []
for (const { name, args } of checks) {
  console.log(`── ${name}`)
  if ((await run(args)) !== 0) failed.push(name)
}
console.log(failed.length === 0 ? `\n${checks.length} checks passed` : `\nfailed: ${failed.join(', ')}`)
if (failed.length > 0) process.exitCode = 1
