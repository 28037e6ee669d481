import { afterAll, beforeAll, expect, test } from 'vitest'
import { readStaticFiles } from '../../../core/host/doors/static-files.ts'
import { servedSmallApp } from './served.ts'

let s: Awaited<ReturnType<typeof servedSmallApp>>
beforeAll(async () => {
  s = await servedSmallApp()
})
afterAll(() => s.close())

test('L05 the files are those of the build, links left out', () => {
  expect([...readStaticFiles(s.staticDir).keys()].sort()).toEqual(['/', '/assets/app-1a2b3c4d.js', '/index.html'])
})

test('L05 nothing else is found, however it is spelt', async () => {
  const spellings = [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/index.html%00',
    '/index.html%00.js',
    '/index.html::$DATA',
    '/INDEX.HTML',
    '/INDEX~1.HTM',
    '/index.html.',
    '/index.html%20',
    '//index.html',
    '/%69ndex.html',
    '/linked.txt',
    '/assets',
    '/assets/',
    '/constructor',
    '/nothing',
  ]
  for (const path of spellings) {
    const { status, text } = await s.ask({ path })
    // A path that is no URL at all is already refused by the HTTP layer, with 400.
    expect({ path, status, text }).toEqual({ path, status: path.includes('\\') ? 400 : 404, text: expect.any(String) })
    expect(text).not.toContain('secret')
  }
})

test('pages carry the policy with a nonce of their own, assets may be kept for ever', async () => {
  const [one, two] = [await s.ask({ path: '/' }), await s.ask({ path: '/index.html?x=1' })]
  const nonce = /content="([^"]+)"/.exec(one.text)?.[1]
  expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/)
  expect(one.headers['content-security-policy']).toContain(`style-src 'self' 'nonce-${nonce}'`)
  expect(one.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
  expect(two.text).not.toContain(nonce)
  expect(one.headers['cache-control']).toBe('no-store')
  const asset = await s.ask({ path: '/assets/app-1a2b3c4d.js' })
  expect(asset.text).toBe('export {}')
  expect(asset.headers['cache-control']).toContain('immutable')
  for (const { headers } of [one, asset, await s.ask({ path: '/nothing' })]) {
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['cross-origin-opener-policy']).toBe('same-origin')
    expect(headers['cross-origin-resource-policy']).toBe('same-origin')
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
  }
})

test('a missing build is said in a sentence', () => {
  expect(() => readStaticFiles(`${s.staticDir}-nowhere`)).toThrow(/npm run build/)
})
