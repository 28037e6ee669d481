#!/usr/bin/env node
/**
 * `npm test [-- vitest's arguments]`: all tests and, when nothing was picked, the import rules. Ends with one line:
 * "N passed, N failed". Exit code 1 when anything failed or nothing ran.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkImports } from './import-rules.mjs'
import { countsOf, summary } from './test-counts.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const artifacts = join(root, 'artifacts')
const results = join(artifacts, 'test-results.json')

function vitest(args) {
  const entry = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
  const child = spawn(process.execPath, [entry, 'run', ...reporters, ...args], { cwd: root, stdio: 'inherit' })
  process.on('SIGINT', () => child.kill('SIGINT'))
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
}

function readResults() {
  try {
    return JSON.parse(readFileSync(results, 'utf8'))
  } catch {
    return null
  }
}

/** One check more among the tests. */
async function importRules() {
  try {
    const { modules, violations } = await checkImports(root)
    for (const { rule, from, to } of violations) console.error(`✗ import rule: ${from} → ${to}: ${rule}`)
    console.error(`import rules: ${modules} modules, ${violations.length} violations`)
    return violations.length === 0
  } catch (error) {
    console.error(`✗ ${error.message}`)
    return false
  }
}

const args = process.argv.slice(2)
mkdirSync(artifacts, { recursive: true })
rmSync(results, { force: true })
const code = await vitest(args)
const counts = countsOf(readResults(), code)
if (args.length === 0) {
  if (await importRules()) counts.passed++
  else counts.failed++
}
console.log(`\n${summary(counts)}`)
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
