import { describe, expect, test } from 'vitest'
import { complete, platformOf } from '../../../scripts/lock-complete.mjs'
import { reasonIn } from '../../../scripts/setup/command.mjs'
import { countsOf, summary } from '../../../scripts/test-counts.mjs'

describe('countsOf', () => {
  const file = (status: string, ...statuses: string[]) => ({
    status,
    assertionResults: statuses.map((one) => ({ status: one })),
  })

  test('counts tests, and skipped ones only when there are any', () => {
    const report = { testResults: [file('passed', 'passed', 'passed'), file('failed', 'failed', 'passed', 'pending')] }
    expect(summary(countsOf(report, 1))).toBe('3 passed, 1 failed, 1 skipped')
    expect(summary(countsOf({ testResults: [file('passed', 'passed')] }, 0))).toBe('1 passed, 0 failed')
  })

  test('a file that could not be loaded, an error outside all tests and a missing report are failures', () => {
    expect(countsOf({ testResults: [file('failed'), file('passed', 'passed')] }, 1).failed).toBe(1)
    expect(countsOf({ testResults: [file('passed', 'passed')] }, 1).failed).toBe(1)
    expect(countsOf(null, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})

describe('lock-complete', () => {
  test('tells a platform from a name', () => {
    expect(platformOf('@swc/core-linux-arm-gnueabihf')).toEqual({ os: 'linux', cpu: 'arm', libc: 'glibc' })
    expect(platformOf('@biomejs/cli-linux-x64-musl')).toEqual({ os: 'linux', cpu: 'x64', libc: 'musl' })
    expect(platformOf('@oxc-parser/binding-win32-ia32-msvc')).toEqual({ os: 'win32', cpu: 'ia32', libc: undefined })
  })

  test('adds what is missing once, and nothing to a whole lockfile', () => {
    const lock = {
      packages: {
        '': {},
        'node_modules/a': {
          version: '1.0.0',
          dev: true,
          optionalDependencies: { 'a-linux-x64': '1.0.0', 'a-win32-x64': '1.0.0' },
        },
        'node_modules/a-linux-x64': { version: '1.0.0' },
      },
    }
    const first = complete(lock)
    expect(first.added).toEqual(['a-win32-x64'])
    expect(first.lock.packages['node_modules/a-win32-x64']).toEqual({
      version: '1.0.0',
      cpu: ['x64'],
      dev: true,
      optional: true,
      os: ['win32'],
    })
    expect(complete(first.lock).added).toEqual([])
  })
})

test.each([
  ['Collecting x\nERROR: No matching distribution found for x==1\n\n', 'No matching distribution found for x==1.'],
  [
    'npm error code E404\nnpm error 404 Not Found\nnpm error A complete log of this run can be found in: x',
    '404 Not Found.',
  ],
  [
    "Error: getaddrinfo ENOTFOUND h\n    at errorHandler (node:net)\nEmitted 'error' event at:\n",
    'getaddrinfo ENOTFOUND h.',
  ],
  ['', 'it said nothing.'],
])('the reason in %j is %j', (output, reason) => {
  expect(reasonIn(output)).toBe(reason)
})
