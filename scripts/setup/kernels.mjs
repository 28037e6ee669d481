import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { reasonIn, run } from './command.mjs'
import { nativeDir, root } from './places.mjs'
import { Problem } from './problem.mjs'
import { step } from './report.mjs'

/**
 * Attune's own operations for TensorFlow, compiled for this processor. They are written against its C interface, so
 * neither its headers nor much time is needed; the file lies beside the library, named by its sources.
 */

const sources = join(root, 'core', 'engine', 'native', 'kernels')
const compilerName = () => process.env.CXX ?? 'g++'

/** What core/engine/native/kernels.ts calls `kernelSources`. */
export function kernelSources() {
  const hash = createHash('sha256')
  for (const name of readdirSync(sources).sort()) hash.update(`${name}\n`).update(readFileSync(join(sources, name)))
  return hash.digest('hex').slice(0, 8)
}

/** Says in plain JS what core/engine/native/kernels.ts says in TypeScript; test/unit/scripts/kernels.test.ts compares. */
export function processorLevel(cpuinfo = readCpuinfo()) {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(' '))
  const all = (...names) => names.every((name) => flags.has(name))
  if (all('avx2', 'fma', 'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl')) return 'avx512'
  return all('avx2', 'fma') ? 'avx2' : 'plain'
}

function readCpuinfo() {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}

const wide = ['-mavx512f', '-mavx512bw', '-mavx512cd', '-mavx512dq', '-mavx512vl', '-mprefer-vector-width=512']
const common = ['-fPIC', '-O3', '-std=c++17', '-w', '-fno-math-errno', '-fno-trapping-math', '-fvisibility=hidden']
// Never unloaded: TensorFlow keeps pointers into it for as long as the process lives.
const linked = ['-shared', '-pthread', '-Wl,-z,nodelete', '-Wl,-rpath,$ORIGIN']
const options = { avx512: ['-mavx2', '-mfma', ...wide], avx2: ['-mavx2', '-mfma'], plain: [] }

const library = () => join(nativeDir(), 'libtensorflow_framework.so.2')
const built = () => join(nativeDir(), `attune-kernels-${kernelSources()}-${processorLevel()}.node`)

/** Only beside the library that set-up took out of the wheel: others may lack parts of the interface. */
export function kernelsReady() {
  return Boolean(process.env.ATTUNE_NATIVE) || !existsSync(library()) || existsSync(built())
}

export async function kernelsObstacle() {
  const { code } = await run(compilerName(), ['--version'])
  return code === 0 ? '' : `The C++ compiler ${compilerName()} was not found; install g++.`
}

async function compile(args) {
  const { code, output } = await run(compilerName(), args)
  if (code === 0) return
  throw new Problem(`${compilerName()} could not build the fused operations: ${reasonIn(output)}`, { passing: true })
}

/** Runs the jobs, as many at once as there are cores. */
async function inParallel(jobs) {
  const waiting = jobs.values()
  const work = async () => {
    for (const job of waiting) await job()
  }
  await Promise.all(cpus().map(work))
}

export async function provideKernels() {
  const obstacle = await kernelsObstacle()
  if (obstacle) throw new Problem(obstacle)
  const folder = await mkdtemp(join(nativeDir(), 'building-'))
  try {
    await step(`Fused operations: build with ${compilerName()}`, async () => {
      const names = (await readdir(sources)).filter((name) => name.endsWith('.cc'))
      const object = (name) => join(folder, `${name}.o`)
      const flags = [...common, ...options[processorLevel()]]
      await inParallel(names.map((name) => () => compile([...flags, '-c', join(sources, name), '-o', object(name)])))
      const whole = join(folder, 'whole')
      await compile([...linked, ...names.map(object), '-o', whole, library()])
      // Those of other sources stay: another clone may use them.
      await rename(whole, built())
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
