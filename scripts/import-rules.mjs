#!/usr/bin/env node
/** Checks who imports whom: `node scripts/import-rules.mjs`. The rules are in .dependency-cruiser.cjs. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cruise } from 'dependency-cruiser'

const rules = createRequire(import.meta.url)('../.dependency-cruiser.cjs')
const places = ['core', 'electron', 'renderer', 'scripts']

/**
 * The import rules over the tree at `root`: how many modules were looked at, and each violation as
 * { rule, from, to }. Throws when it looked at none, which is what a parser that does not understand the files does.
 */
export async function checkImports(root) {
  const there = places.filter((place) => existsSync(join(root, place)))
  const { forbidden, options } = rules
  const { output } = await cruise(there, {
    ...options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden },
  })
  if (typeof output === 'string') throw new Error('dependency-cruiser answered with text.')
  const own = output.modules.filter((module) => /^(core|electron|renderer|scripts)\//.test(module.source))
  if (own.length === 0) throw new Error(`The import rules looked at no module below ${root}.`)
  if (!own.some((module) => module.dependencies.length > 0))
    throw new Error(`The import rules saw ${own.length} modules below ${root} and not one import among them.`)
  const violations = output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }))
  return { modules: own.length, violations }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { modules, violations } = await checkImports(fileURLToPath(new URL('..', import.meta.url)))
  for (const { rule, from, to } of violations) console.error(`${from} → ${to}: ${rule}`)
  console.error(`import rules: ${modules} modules, ${violations.length} violations`)
  if (violations.length > 0) process.exitCode = 1
}
