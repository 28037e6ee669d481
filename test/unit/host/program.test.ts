import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { contentSecurityPolicy } from '../../../core/host/content-security-policy.ts'
import { program } from '../../../core/host/program.ts'
import { coresInCpuInfo, engineThreads } from '../../../core/host/threads.ts'

test('the program knows its own version and where its pages are', () => {
  const { root, staticDir, version } = program()
  expect(root).toBe(join(import.meta.dirname, '../../..'))
  expect(version).toBe(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
  expect(staticDir.startsWith(root)).toBe(true)
})

test('physical cores are counted over sockets, and not where Linux does not tell', () => {
  const processor = (id: number, socket: number, core: number) =>
    `processor\t: ${id}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`
  const twoSocketsTwoCoresTwoThreads = [0, 1, 2, 3, 4, 5, 6, 7].map((id) => processor(id, (id >> 1) & 1, id & 1))
  expect(coresInCpuInfo(twoSocketsTwoCoresTwoThreads.join('\n'))).toBe(4)
  expect(coresInCpuInfo('processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 1\n')).toBeNull()
})

test('ATTUNE_THREADS is taken or refused', () => {
  expect(engineThreads('3')).toBe(3)
  expect(engineThreads('')).toBeGreaterThan(0)
  for (const bad of ['0', '-1', '1.5', 'two', '1e9'])
    expect(() => engineThreads(bad)).toThrow(`ATTUNE_THREADS is "${bad}"`)
})

test('the policy allows nothing by default and no inline code or style', () => {
  const policy = contentSecurityPolicy('bm9uY2U=')
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("style-src 'self' 'nonce-bm9uY2U='")
  expect(policy).not.toContain('unsafe')
  expect(contentSecurityPolicy()).toContain("style-src 'self';")
})
