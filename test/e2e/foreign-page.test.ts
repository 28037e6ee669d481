import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { browse } from '../support/browser.ts'
import { servedSmallApp } from '../unit/host/served.ts'

/** Another server's address, with an empty page. */
async function foreignOrigin(host: string): Promise<string> {
  const server = createServer((_, answer) =>
    answer.setHeader('Content-Type', 'text/html').end('<title>foreign</title>'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://${host}:${(server.address() as AddressInfo).port}/`
}

/**
 * What a page can do to an address that is not its own. Run in the page; resolves to what it could learn. `victim` is
 * our origin, whose cookie the browser holds.
 */
async function attack(victim: string): Promise<string[]> {
  const learnt: string[] = []
  const call = `${victim}/api/runs.delete`
  const bodies = ['{"id":"r"}', new URLSearchParams({ id: 'r' }), new Blob(['{"id":"r"}'], { type: 'text/plain' })]
  for (const mode of ['cors', 'no-cors'] as const) {
    for (const body of bodies) {
      await fetch(call, { method: 'POST', mode, credentials: 'include', body })
        .then((answer) => answer.text())
        .then((text) => text !== '' && learnt.push(text))
        .catch(() => {})
    }
    const json = { 'Content-Type': 'application/json', 'X-Attune': '1' }
    await fetch(call, { method: 'POST', mode, credentials: 'include', body: '{"id":"r"}', headers: json })
      .then((answer) => answer.text())
      .then((text) => text !== '' && learnt.push(text))
      .catch(() => {})
    await fetch(`${victim}/`, { mode, credentials: 'include' })
      .then((answer) => answer.text())
      .then((text) => text !== '' && learnt.push(text))
      .catch(() => {})
  }

  const form = Object.assign(document.createElement('form'), { method: 'post', action: call, target: 'hidden' })
  const frame = Object.assign(document.createElement('iframe'), { name: 'hidden' })
  document.body.append(frame, form)
  form.submit()

  const loads = (element: HTMLElement) =>
    new Promise<void>((resolve) => {
      element.onload = () => {
        learnt.push(`${element.tagName} loaded`)
        resolve()
      }
      element.onerror = () => resolve()
      document.body.append(element)
    })
  await loads(Object.assign(new Image(), { src: `${victim}/api/app.info` }))
  const script = `${victim}/assets/app-1a2b3c4d.js`
  await loads(Object.assign(document.createElement('script'), { type: 'module', src: script }))
  await loads(Object.assign(document.createElement('script'), { src: script }))

  const opens = (target: EventSource | WebSocket) =>
    new Promise<void>((resolve) => {
      target.onopen = () => {
        learnt.push(`${target.url} opened`)
        resolve()
      }
      target.onerror = () => resolve()
    }).finally(() => target.close())
  await opens(new EventSource(`${victim}/api/events`, { withCredentials: true }))
  await opens(new WebSocket(`${victim.replace('http', 'ws')}/api/events`))

  const page = document.createElement('iframe')
  page.src = `${victim}/`
  document.body.append(page)
  await new Promise((resolve) => {
    page.onload = resolve
  })
  try {
    learnt.push(page.contentWindow?.document.body.innerHTML ?? '')
  } catch {
    // another origin, as it should be
  }
  return learnt
}

// Another port of the same address is the same *site* to a browser: the cookie is sent along. Another name is not.
test.each(['127.0.0.1', 'localhost'])('L04 a page at another origin on %s learns and changes nothing', async (host) => {
  const s = await servedSmallApp()
  onTestFinished(() => s.close())
  const { page } = await browse(s.origin)
  const loggedIn = await page.evaluate(async (token) => {
    const headers = { 'X-Attune': '1', 'Content-Type': 'application/json' }
    await fetch('/api/session', { method: 'POST', headers, body: JSON.stringify({ token }) })
    return (await fetch('/api/runs.list', { method: 'POST', headers, body: '{}' })).status
  }, s.token)
  expect(loggedIn).toBe(200)
  expect(s.app.calls.splice(0)).toHaveLength(1)

  await page.goto(await foreignOrigin(host))
  expect(await page.evaluate(attack, s.origin)).toEqual([])
  expect(s.app.calls).toEqual([])
  expect(s.app.registered).toEqual([])
  expect(s.app.listeners.size).toBe(0)
})
