import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { findingsIn } from '../../../core/cli/commands/doctor.ts'
import { hasDisplay, openBrowser } from '../../../core/cli/open-browser.ts'
import type { AppInfo } from '../../../core/contract/domain.ts'

const healthy: AppInfo = {
  version: '0.1.0',
  platform: 'linux',
  home: '/h',
  engine: { kind: 'graph', backend: 'tensorflow', version: '2.15.1', threads: 2 },
  engineProblem: null,
  cpu: 'c',
  cores: 2,
  memoryBytes: 16e9,
  freeMemoryBytes: 8e9,
  freeDiskBytes: 100e9,
  usedDiskBytes: 0,
  samples: [{ name: 's', title: 'S', description: '', licence: '', task: 'text-classification', available: true }],
  starters: [{ name: 'm', title: 'M', description: '', licence: '', available: true }],
}
const serious = (info: Partial<AppInfo>) => findingsIn({ ...healthy, ...info }).map((finding) => finding.serious)

test('a healthy machine has no findings, and each lack has one with advice', () => {
  expect(findingsIn(healthy)).toEqual([])
  expect(serious({ engine: null, engineProblem: 'No library.' })).toEqual([true])
  expect(serious({ engineProblem: 'Slow engine.' })).toEqual([false])
  expect(serious({ freeMemoryBytes: 1e9 })).toEqual([false])
  expect(serious({ freeDiskBytes: 1e9 })).toEqual([false])
  expect(serious({ freeDiskBytes: 1e6 })).toEqual([true])
  const gone = [{ name: 'x', title: 'X', description: '', licence: '', available: false }]
  const samples = gone.map((one) => ({ ...one, task: 'text-classification' as const }))
  const findings = findingsIn({ ...healthy, starters: gone, samples })
  expect(findings.map(({ what }) => what)).toEqual([
    'The starter model x is not in the cache.',
    'The sample dataset x is not in the cache.',
  ])
  for (const { advice } of findings) expect(advice).toContain('npm start')
})

test('a browser is opened only where there is a screen', () => {
  expect(hasDisplay({}, 'linux')).toBe(false)
  expect(hasDisplay({ DISPLAY: ':0' }, 'linux')).toBe(true)
  expect(hasDisplay({ WAYLAND_DISPLAY: 'w' }, 'linux')).toBe(true)
  expect(hasDisplay({}, 'darwin')).toBe(true)
  expect(hasDisplay({ SSH_CONNECTION: 'x' }, 'darwin')).toBe(false)
})

test('the token reaches the browser by a private file, which is deleted afterwards', () => {
  const home = mkdtempSync(join(tmpdir(), 'attune-open-'))
  const launched: string[] = []
  const forget = openBrowser('http://127.0.0.1:1/#token=secret', home, (_, args) => launched.push(...args))
  const file = join(home, `open-${process.pid}.html`)
  expect(readFileSync(file, 'utf8')).toContain('"http://127.0.0.1:1/#token=secret"')
  expect(launched.at(-1)).toBe(pathToFileURL(file).href)
  expect(launched.join(' ')).not.toContain('secret')
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  forget()
  expect(existsSync(file)).toBe(false)
  rmSync(home, { recursive: true })
})
