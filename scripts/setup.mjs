#!/usr/bin/env node
/**
 * The entry of every npm script: `node scripts/setup.mjs <start|attune|samples|test|golden|tokens|demo|soak|presets|check|build|bench|tool> [arguments]`.
 * Provides what the command lacks and then becomes the command, run by Node 24. Node built-ins only, any Node from 18 on, since it
 * runs before anything is installed. Says what it does on stderr. It can be interrupted at any point and run again.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toolOptions } from './setup/build.mjs'
import { findChromium } from './setup/chromium.mjs'
import { become, endRunning } from './setup/command.mjs'
import { electronBinary, hasDisplay } from './setup/electron.mjs'
import { releaseAll } from './setup/lock.mjs'
import { node24 } from './setup/node24.mjs'
import { modules, root } from './setup/places.mjs'
import { Problem } from './setup/problem.mjs'
import { ensure } from './setup/steps.mjs'

const content = ['native', 'kernels', 'starter', 'sample']
const cli = join(root, 'core', 'cli', 'main.ts')

/** Node 24 takes this process's place. */
function node(args, env = {}) {
  const program = node24()
  const options = toolOptions(program)
  return become(program, args, { ...options, env: { ...options.env, ...env } })
}

/** TensorFlow reads it when it is loaded, which may be in a worker thread that cannot set it. */
const quiet = { TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2' }

async function start(args) {
  await ensure(['packages', ...content, 'renderer'])
  const rest = args.filter((arg) => arg !== '--no-electron')
  const program =
    args.includes('--no-electron') || args.includes('--no-open') || !hasDisplay() ? null : electronBinary()
  if (!program) return node([cli, 'serve', ...rest], quiet)
  await ensure(['electron'])
  return become(program, [root, ...rest], { cwd: root, env: { ...process.env, ...quiet } })
}

async function attune(args) {
  await ensure(['packages', ...content, ...(args[0] === 'serve' ? ['renderer'] : [])])
  // Paths on the command line are the caller's: npm moves to the clone, and says where it came from.
  const program = node24()
  return become(program, [cli, ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: { ...toolOptions(program).env, ...quiet },
  })
}

/** Further sample datasets, some 50 MB of real data. */
async function samples() {
  await ensure(['samples'])
  return 0
}

async function test(args) {
  // Picked unit tests need neither page nor browser.
  const paths = args.filter((arg) => !arg.startsWith('-'))
  const unitOnly = paths.length > 0 && paths.every((path) => /^test[\\/](unit|golden)/.test(path))
  await ensure(['packages', ...content, ...(unitOnly ? [] : ['renderer', 'chromium'])])
  const chromium = findChromium()
  return node([join(root, 'scripts', 'test.mjs'), ...args], {
    ...quiet,
    ...(chromium && { ATTUNE_CHROMIUM: chromium }),
  })
}

/** One of the long reliability tests: `soak resume`, `soak kill`, or `soak all`. */
async function soak([name, ...args]) {
  await ensure(['packages', 'native', 'kernels'])
  return node([join(root, 'test', 'soak', `${name}.ts`), ...args], quiet)
}

/** Every preset of 100 million parameters takes some steps. */
async function presets(args) {
  await ensure(['packages', 'native', 'kernels', 'sample', 'samples'])
  return node([join(root, 'test', 'soak', 'presets.ts'), ...args], quiet)
}

async function golden(args) {
  await ensure(['packages', 'native', 'kernels'])
  return node([join(root, 'scripts', 'golden.mjs'), ...args], quiet)
}

/** Full-sized models write the same tokens as in transformers. */
async function tokens(args) {
  await ensure(['packages', 'native', 'kernels'])
  return node([join(root, 'test', 'golden', 'same-tokens.ts'), ...args], quiet)
}

async function demo(args) {
  await ensure(['packages', ...content, 'samples'])
  return node([join(root, 'test', 'demo', 'main.ts'), ...args], quiet)
}

async function check(args) {
  await ensure(['packages', 'native'])
  return node([join(root, 'scripts', 'check.mjs'), ...args], quiet)
}

async function build() {
  await ensure(['packages', 'renderer', 'electron'])
  return 0
}

async function bench(args) {
  await ensure(['packages', ...content])
  return node([join(root, 'test', 'bench', 'main.ts'), ...args], quiet)
}

/** A package's own command, by its name: `tool vitest run test/unit`. */
async function tool([name, ...args]) {
  await ensure(['packages'])
  if (!name) throw new Problem('Say which tool: node scripts/setup.mjs tool <package> [arguments].')
  const { bin } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
  const entry = typeof bin === 'string' ? bin : (bin[name] ?? Object.values(bin)[0])
  return node([join(modules, name, entry), ...args])
}

const commands = { start, attune, samples, test, golden, tokens, demo, soak, presets, check, build, bench, tool }

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    endRunning()
    releaseAll()
    process.exit(130)
  })
}

const [name, ...args] = process.argv.slice(2)
try {
  if (!Object.hasOwn(commands, name ?? '')) throw new Problem(`Say what to do: ${Object.keys(commands).join(', ')}.`)
  process.exitCode = await commands[name](args)
} catch (error) {
  if (!(error instanceof Problem)) throw error
  process.stderr.write(`✗ ${error.message}\n`)
  process.exitCode = 1
}
