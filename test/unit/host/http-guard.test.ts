import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { methods } from '../../../core/contract/methods.ts'
import { httpDoor } from '../../../core/host/doors/http.ts'
import { createSession } from '../../../core/host/doors/session.ts'
import { type Question, servedSmallApp } from './served.ts'

let s: Awaited<ReturnType<typeof servedSmallApp>>
beforeAll(async () => {
  s = await servedSmallApp()
})
afterAll(() => s.close())

/** Every way in below /api/, from the router itself; `:method` once for each method of the contract. */
function routes(): { method: string; path: string }[] {
  const door = httpDoor({
    app: s.app as never,
    session: createSession(),
    pages: new Map(),
    uploads: {} as never,
    port: () => 1,
    closing: new AbortController().signal,
  })
  const found = door.routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/'))
  // The router lists each handler of a chain: the guards of a route and the route itself.
  const unique = [...new Map(found.map((route) => [`${route.method} ${route.path}`, route])).values()]
  return unique.flatMap(({ method, path }) =>
    path.includes(':method')
      ? Object.keys(methods).map((name) => ({ method, path: path.replace(':method', name) }))
      : [{ method, path }],
  )
}

/** A request that would succeed with the cookie. */
function good({ method, path }: { method: string; path: string }): Question {
  if (method === 'GET') return { method, path }
  if (path === '/api/files') {
    const headers = s.own.map(([k, v]) => [k, k === 'Content-Type' ? 'application/octet-stream' : v] as const)
    return { method, path: `${path}?name=a.csv`, headers, body: 'text,label' }
  }
  return { method, path, headers: s.own, body: '{}' }
}

const replaced = (question: Question, name: string, value: string | null): Question => ({
  ...question,
  headers: [
    ...(question.headers ?? []).filter(([key]) => key !== name),
    ...(value === null ? [] : [[name, value] as const]),
  ],
})
const withCookie = (question: Question): Question => replaced(question, 'Cookie', s.cookie[1])

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(s.port, '127.0.0.1', () => socket.end(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}

test('L03 every route below /api/ answers 401 without the cookie, with a wrong one and with another session’s', async () => {
  const all = routes().filter(({ path }) => path !== '/api/session')
  expect(all.length).toBe(Object.keys(methods).length + 2)
  const name = `attune-${s.port}`
  for (const route of all) {
    const question = good(route)
    for (const cookie of [null, `${name}=`, `${name}=${s.token}`, `${name}=${createSession().cookie}`, 'attune-1=x']) {
      const { status, text } = await s.ask(replaced(question, 'Cookie', cookie))
      expect({ ...route, cookie, status }).toEqual({ ...route, cookie, status: 401 })
      expect(JSON.parse(text).error.code).toBe('unauthorized')
    }
  }
  expect(s.app.calls).toEqual([])
  expect(s.app.registered).toEqual([])
})

test('L03 an unknown address below /api/ and a WebSocket upgrade tell nothing without the cookie', async () => {
  expect((await s.ask({ path: '/api/nothing' })).status).toBe(401)
  const upgrade = `GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:${s.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`
  expect(await raw(upgrade)).toMatch(/^(HTTP\/1\.1 401|$)/)
})

test('the cookie is made from the right token only', async () => {
  const exchange = (body: string) => s.ask({ method: 'POST', path: '/api/session', headers: s.own, body })
  for (const token of ['', 'x', s.token.slice(1), `${s.token} `, createSession().token, null, 7]) {
    const { status, headers } = await exchange(JSON.stringify({ token }))
    expect({ token, status, cookie: headers['set-cookie'] }).toEqual({ token, status: 401, cookie: undefined })
  }
  expect((await exchange('{"token":')).status).toBe(400)
  expect((await exchange('null')).status).toBe(401)
  const again = await exchange(JSON.stringify({ token: s.token }))
  expect(again.status).toBe(200)
  const [cookie] = again.headers['set-cookie'] ?? []
  expect(cookie).toMatch(new RegExp(`^attune-${s.port}=[A-Za-z0-9_-]{43}; `))
  expect(cookie).toContain('HttpOnly')
  expect(cookie).toContain('SameSite=Strict')
  expect(cookie).not.toContain(s.token)
})

describe('L01 Host', () => {
  test.each([
    ['a foreign name', (port: number) => `evil.example:${port}`, 421],
    ['another port', (port: number) => `127.0.0.1:${port + 1}`, 421],
    ['no port', () => '127.0.0.1', 421],
    ['a longer name', (port: number) => `127.0.0.1.evil.example:${port}`, 421],
    ['no name at all', (port: number) => `127.0.0.1:${port}.evil.example`, 400],
    ['all interfaces', (port: number) => `0.0.0.0:${port}`, 421],
  ])('%s', async (_, host, status) => {
    for (const path of ['/', '/api/app.info', '/api/session']) {
      const question = { method: path === '/' ? 'GET' : 'POST', path, headers: [...s.own, s.cookie], body: '{}' }
      const answer = await s.ask(replaced(question, 'Host', host(s.port)))
      expect(answer.status).toBe(status)
    }
    expect(s.app.calls).toEqual([])
  })

  test('localhost is ours', async () => {
    const answer = await s.ask({ path: '/', headers: [['Host', `localhost:${s.port}`]] })
    expect(answer.status).toBe(200)
  })

  test('missing, two of them, absolute form', async () => {
    const host = `Host: 127.0.0.1:${s.port}`
    const end = `Cookie: ${s.cookie[1]}\r\nConnection: close\r\n\r\n`
    expect(await raw(`GET / HTTP/1.1\r\n${end}`)).toMatch(/^HTTP\/1\.1 400/)
    expect(await raw(`GET / HTTP/1.0\r\n${end}`)).toMatch(/^HTTP\/1\.[01] 400/)
    expect(await raw(`GET / HTTP/1.1\r\n${host}\r\nHost: evil.example\r\n${end}`)).toMatch(/^HTTP\/1\.1 400/)
    expect(await raw(`GET / HTTP/1.1\r\n${host}\r\n${host}\r\n${end}`)).toMatch(/^HTTP\/1\.1 400/)
    expect(await raw(`GET http://evil.example/ HTTP/1.1\r\n${host}\r\n${end}`)).toMatch(/^HTTP\/1\.1 4(00|21)/)
    expect(await raw(`GET http://127.0.0.1:${s.port}/ HTTP/1.1\r\n${host}\r\n${end}`)).toMatch(/^HTTP\/1\.1 400/)
  })
})

describe('L02 requests from elsewhere', () => {
  test('are refused on every unsafe route although the cookie is good', async () => {
    for (const route of routes().filter(({ method }) => method !== 'GET')) {
      const question = withCookie(good(route))
      const status = async (name: string, value: string | null) => (await s.ask(replaced(question, name, value))).status
      expect(await status('Origin', 'http://evil.example')).toBe(403)
      expect(await status('Origin', 'null')).toBe(403)
      expect(await status('Origin', `https://127.0.0.1:${s.port}`)).toBe(403)
      expect(await status('Origin', `http://127.0.0.1:${s.port + 1}`)).toBe(403)
      expect(await status('Origin', null)).toBe(403)
      expect(await status('Sec-Fetch-Site', 'cross-site')).toBe(403)
      expect(await status('Sec-Fetch-Site', 'same-site')).toBe(403)
      expect(await status('X-Attune', null)).toBe(403)
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', null]) {
        expect(await status('Content-Type', type)).toBe(415)
      }
    }
    expect(s.app.calls).toEqual([])
    expect(s.app.registered).toEqual([])
  })

  test('may not read pushes, pages as sub-resources or in frames', async () => {
    const from = (path: string, mode: string, dest: string) =>
      s.ask({
        path,
        headers: [s.cookie, ['Sec-Fetch-Site', 'cross-site'], ['Sec-Fetch-Mode', mode], ['Sec-Fetch-Dest', dest]],
      })
    expect((await from('/api/events', 'cors', 'empty')).status).toBe(403)
    expect((await from('/api/events', 'navigate', 'document')).status).toBe(403)
    expect((await from('/', 'navigate', 'iframe')).status).toBe(403)
    expect((await from('/assets/app-1a2b3c4d.js', 'no-cors', 'script')).status).toBe(403)
    expect((await from('/', 'navigate', 'document')).status).toBe(200)
  })

  test('get no CORS header, asked for or not', async () => {
    for (const method of ['OPTIONS', 'GET', 'POST']) {
      const { headers, status } = await s.ask({
        method,
        path: '/api/app.info',
        headers: [
          ['Origin', 'http://evil.example'],
          ['Access-Control-Request-Method', 'POST'],
        ],
      })
      expect(status).toBe(403)
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })
})

test('a call with everything right reaches the app, and its reply comes back', async () => {
  const answer = await s.ask({
    method: 'POST',
    path: '/api/runs.get',
    headers: [...s.own, s.cookie],
    body: '{"id":"r1"}',
  })
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.text)).toEqual({ ok: true, value: { name: 'runs.get', input: { id: 'r1' } } })
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(s.app.calls.splice(0)).toEqual([{ name: 'runs.get', input: { id: 'r1' } }])
})

test('bad calls are told apart', async () => {
  const post = (path: string, body: string) =>
    s.ask({ method: 'POST', path, headers: [...s.own, s.cookie], body }).then(({ status, text }) => ({
      status,
      code: JSON.parse(text).error.code,
    }))
  expect(await post('/api/runs.get', '{"id":7}')).toEqual({ status: 200, code: 'bad_request' })
  expect(await post('/api/runs.nothing', '{}')).toEqual({ status: 200, code: 'unknown_method' })
  expect(await post('/api/__proto__', '{}')).toEqual({ status: 200, code: 'unknown_method' })
  expect(await post('/api/runs.get', '{')).toEqual({ status: 400, code: 'bad_request' })
  expect(await post('/api/runs.get', `"${'x'.repeat(2 ** 20)}"`)).toEqual({ status: 413, code: 'bad_request' })
  expect(s.app.calls).toEqual([])
})
