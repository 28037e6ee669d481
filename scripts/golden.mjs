#!/usr/bin/env node
/**
 * `npm run test:golden`: every architecture against its reference library, then one line each with the largest
 * difference of every kind that its tests measured, over both engines and all methods; gradients and losses relative. Exit code 1 when a test fails or nothing was measured.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const report = join(root, 'artifacts', 'golden.jsonl')
mkdirSync(join(root, 'artifacts'), { recursive: true })
rmSync(report, { force: true })
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/golden', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ATTUNE_GOLDEN_REPORT: report },
})

/** architecture → what was measured → the largest difference */
const largest = new Map()
for (const line of linesOf(report)) {
  const { architecture, what, value } = JSON.parse(line)
  const known = largest.get(architecture) ?? new Map()
  // "gradients, relative, lora, eager": which engine and method it was is of no interest when all are near.
  const [kind] = what.split(',')
  known.set(kind, Math.max(value, known.get(kind) ?? 0))
  largest.set(architecture, known)
}
const width = Math.max(0, ...[...largest.keys()].map(({ length }) => length))
for (const [architecture, values] of [...largest].sort(([a], [b]) => a.localeCompare(b))) {
  const parts = [...values].map(([what, value]) => `${what} ${value === 0 ? '0' : value.toExponential(1)}`)
  console.log(`${architecture.padEnd(width)}  ${parts.join(' · ')}`)
}
console.log(`\n${largest.size} architectures and heads measured, tests ${status === 0 ? 'passed' : 'FAILED'}`)
process.exitCode = status === 0 && largest.size > 0 ? 0 : 1

function linesOf(path) {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
