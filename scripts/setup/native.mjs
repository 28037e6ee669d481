import { existsSync } from 'node:fs'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { reasonIn, run } from './command.mjs'
import { fetchWheel, forget, pipObstacle } from './downloads.mjs'
import { needSpace, placeFolder } from './files.mjs'
import { modules, nativeDir } from './places.mjs'
import { Problem } from './problem.mjs'
import { say, size, step } from './report.mjs'
import { unzip } from './zip.mjs'

/**
 * TensorFlow's C library and tfjs-node's binding to it, in the cache. First way: the library out of the Python wheel
 * of TensorFlow and the binding compiled from the npm package's own two source files. Second way: the package's
 * official install. Neither writes into node_modules.
 */

const wheels = {
  'linux-x64': {
    name: 'tensorflow_cpu-2.15.1-cp311-manylinux_2_17_x86_64.whl',
    requirement: 'tensorflow-cpu==2.15.1',
    bytes: 207_300_000,
    sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
    args: ['--python-version', '311', '--platform', 'manylinux_2_17_x86_64'],
  },
  // Same files, same version, published under another name for this processor; not run here yet.
  'linux-arm64': {
    name: 'tensorflow_cpu_aws-2.15.1-cp311-manylinux_2_17_aarch64.whl',
    requirement: 'tensorflow-cpu-aws==2.15.1',
    bytes: 211_874_120,
    sha256: 'd4c3a3a9363bf42999adedbbd514e3a133be2d62f61fee9cfa46aaefb087c09e',
    args: ['--python-version', '311', '--platform', 'manylinux_2_17_aarch64'],
  },
}

const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']

/** What the two source files of the binding include, directly or not. */
const headers = [
  'tensorflow/c/c_api.h',
  'tensorflow/c/c_api_macros.h',
  'tensorflow/c/eager/c_api.h',
  'tensorflow/c/tf_attrtype.h',
  'tensorflow/c/tf_buffer.h',
  'tensorflow/c/tf_datatype.h',
  'tensorflow/c/tf_status.h',
  'tensorflow/c/tf_tensor.h',
  'tensorflow/c/tf_tstring.h',
  'tensorflow/core/platform/ctstring.h',
  'tensorflow/core/platform/ctstring_internal.h',
  'tsl/c/tsl_status.h',
  'tsl/platform/ctstring.h',
  'tsl/platform/ctstring_internal.h',
]

const wanted = [
  ...libraries.map((name) => `tensorflow/${name}`),
  ...headers.map((name) => `tensorflow/include/${name}`),
]

const bytesWhileWorking = 900e6
const bytesOfficial = 700e6

const compilerName = () => process.env.CXX ?? 'g++'

export function nativeReady() {
  if (process.env.ATTUNE_NATIVE) return true
  return (
    existsSync(join(nativeDir(), 'tfjs_binding.node')) ||
    existsSync(join(nativeDir(), 'lib', 'napi-v8', 'tfjs_binding.node'))
  )
}

async function compile(dir) {
  const source = join(modules, '@tensorflow', 'tfjs-node', 'binding')
  const { code, output } = await run(compilerName(), [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', '-DNAPI_VERSION=8', '-w'],
    ...['-I', join(modules, 'node-api-headers', 'include'), '-I', join(dir, 'include')],
    ...[join(source, 'tfjs_backend.cc'), join(source, 'tfjs_binding.cc')],
    ...['-o', join(dir, 'tfjs_binding.node'), ...libraries.map((name) => join(dir, name)), '-Wl,-rpath,$ORIGIN'],
  ])
  if (code !== 0) throw new Problem(`${compilerName()} could not build the TensorFlow binding: ${reasonIn(output)}`)
}

const platform = `${process.platform}-${process.arch}`

/** Why the first way cannot be gone on this machine as it is, or ''. */
export async function nativeObstacle() {
  if (!wheels[platform]) return `There is no TensorFlow wheel to take the library from for ${platform}.`
  const { code } = await run(compilerName(), ['--version'])
  return code === 0 ? pipObstacle() : `The C++ compiler ${compilerName()} was not found; install g++.`
}

async function fromWheel() {
  const obstacle = await nativeObstacle()
  if (obstacle) throw new Problem(obstacle)
  const wheel = wheels[platform]
  await needSpace(nativeDir(), bytesWhileWorking, 'TensorFlow')
  const archive = await step(`TensorFlow 2.15.1: download ${size(wheel.bytes)}`, (at) => fetchWheel(wheel, at))
  await placeFolder(nativeDir(), async (dir) => {
    await step('TensorFlow: unpack 615 MB', async (at) => {
      const found = await unzip(
        archive,
        dir,
        (name) => (wanted.includes(name) ? name.slice('tensorflow/'.length) : null),
        at,
      )
      const missing = wanted.filter((name) => !found.includes(name))
      if (missing.length > 0) throw new Problem(`The TensorFlow wheel does not hold ${missing.join(', ')}.`)
    })
    await step(`TensorFlow: build the binding with ${compilerName()}`, () => compile(dir))
    await rm(join(dir, 'include'), { recursive: true })
    // The binding is found by its path; a package.json keeps Node from looking for one further up.
    await writeFile(join(dir, 'package.json'), '{"type":"commonjs"}\n')
  })
  await forget(archive)
}

/** The package's own install script, in a copy of the package, so that node_modules stays as the lockfile says. */
async function fromOfficialInstall(node) {
  await needSpace(nativeDir(), bytesOfficial, "tfjs-node's official install")
  await step("TensorFlow: tfjs-node's official install, about 150 MB", () =>
    placeFolder(nativeDir(), async (dir) => {
      const copy = join(dir, 'node_modules', '@tensorflow', 'tfjs-node')
      await mkdir(dirname(copy), { recursive: true })
      await cp(join(modules, '@tensorflow', 'tfjs-node'), copy, {
        recursive: true,
        filter: (path) => !/[\\/](src|python)$/.test(path),
      })
      const { code, output } = await run(node, [join(copy, 'scripts', 'install.js')], {
        cwd: copy,
        env: {
          ...process.env,
          NODE_PATH: modules,
          PATH: [dirname(node), join(modules, '.bin'), process.env.PATH].join(delimiter),
        },
      })
      if (code !== 0 || !existsSync(join(copy, 'lib', 'napi-v8', 'tfjs_binding.node')))
        throw new Problem(`tfjs-node's official install failed: ${reasonIn(output)}`, { passing: true })
      for (const name of ['lib', 'deps'])
        await cp(join(copy, name), join(dir, name), { recursive: true, verbatimSymlinks: true })
      await rm(join(dir, 'node_modules'), { recursive: true })
    }),
  )
}

/** Provides the library by the first way that works. */
export async function provideNative(node) {
  try {
    await fromWheel()
  } catch (first) {
    if (!(first instanceof Problem)) throw first
    say(`! ${first.message} Trying tfjs-node's official install instead.`)
    await fromOfficialInstall(node)
  }
}
