#!/usr/bin/env node
/**
 * Completes package-lock.json after a change of dependencies: `node scripts/lock-complete.mjs`.
 *
 * Where the registry at hand does not carry a package's build for some other platform, npm leaves that optional
 * dependency out of the lockfile, and its own `npm ci` then refuses ("Missing: … from lock file"). This adds an entry
 * for each, with the platform that its name tells, so that npm knows when to pass it over. Where nothing is missing,
 * nothing changes.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A word in a package's name → what Node calls it. */
const systemNames = {
  ...{ aix: 'aix', android: 'android', darwin: 'darwin', freebsd: 'freebsd', linux: 'linux', linuxmusl: 'linux' },
  ...{ netbsd: 'netbsd', openbsd: 'openbsd', openharmony: 'openharmony', sunos: 'sunos' },
  ...{ win: 'win32', win32: 'win32', windows: 'win32' },
}
const processorNames = {
  ...{ arm: 'arm', armv6: 'arm', armv7: 'arm', arm64: 'arm64', ia32: 'ia32', loong64: 'loong64', mips64el: 'mips64el' },
  ...{ ppc64: 'ppc64', riscv64: 'riscv64', s390x: 's390x', wasm32: 'wasm32', x64: 'x64' },
}

/** "@swc/core-linux-arm-gnueabihf" → { os: 'linux', cpu: 'arm', libc: 'glibc' }; parts that the name leaves open are undefined. */
export function platformOf(name) {
  const words = name.replace(/^@[^/]+\//, '').split(/[-_.]/)
  const os = words.map((word) => systemNames[word]).find(Boolean)
  const cpu = words.map((word) => processorNames[word]).find(Boolean)
  const musl = words.some((word) => word.includes('musl'))
  const gnu = words.some((word) => word.startsWith('gnu'))
  return { os, cpu, libc: os !== 'linux' ? undefined : musl ? 'musl' : gnu ? 'glibc' : undefined }
}

/** Node's resolution: the package `name` as seen from the lockfile entry `from`, or null. */
function findFrom(packages, from, name) {
  for (let folder = from; ; ) {
    const key = `${folder ? `${folder}/` : ''}node_modules/${name}`
    if (packages[key]) return key
    if (folder === '') return null
    const above = folder.lastIndexOf('/node_modules/')
    folder = above < 0 ? '' : folder.slice(0, above)
  }
}

/** The lockfile with the missing entries, and their names. */
export function complete(lock) {
  const packages = { ...lock.packages }
  const added = []
  for (const [from, entry] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (findFrom(packages, from, name)) continue
      const version = range.replace(/^[\^~=v]+/, '')
      const { os, cpu, libc } = platformOf(name)
      if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${from}: ${name}@${range} does not name an exact version`)
      if (!os && !cpu) throw new Error(`${from}: the name ${name} does not tell its platform`)
      packages[`node_modules/${name}`] = {
        version,
        ...(cpu && { cpu: [cpu] }),
        ...(entry.dev && { dev: true }),
        ...(libc && { libc: [libc] }),
        optional: true,
        ...(os && { os: [os] }),
      }
      added.push(name)
    }
  }
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { lock: { ...lock, packages: sorted }, added }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../package-lock.json', import.meta.url))
  const result = complete(JSON.parse(readFileSync(path, 'utf8')))
  if (result.added.length > 0) writeFileSync(path, `${JSON.stringify(result.lock, null, 2)}\n`)
  process.stdout.write(
    `${result.added.map((name) => `added ${name}\n`).join('')}${result.added.length} entries added\n`,
  )
}
