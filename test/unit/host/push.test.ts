import { afterEach, expect, test } from 'vitest'
import type { AppEvent } from '../../../core/contract/events.ts'
import { pushStream } from '../../../core/host/doors/push.ts'
import { servedSmallApp } from './served.ts'
import { smallApp } from './small-app.ts'

const decoder = new TextDecoder()
const run = (id: string, step: number): AppEvent => ({ type: 'run', id, state: 'running', step, revision: step })

function eventsIn(text: string): AppEvent[] {
  return text
    .split('\n\n')
    .filter((part) => part.startsWith('data: '))
    .map((part) => JSON.parse(part.slice('data: '.length)) as AppEvent)
}

let cleanUp: () => unknown = () => {}
afterEach(() => cleanUp())

/** Polls a real condition; fails by the test's own time limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('pushes arrive over HTTP, in order, and the subscription ends with the connection', async () => {
  const s = await servedSmallApp()
  cleanUp = s.close
  const leave = new AbortController()
  const headers = { Cookie: s.cookie[1] }
  const response = await fetch(`${s.origin}/api/events`, { headers, signal: leave.signal })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  await until(() => s.app.listeners.size === 1)
  s.app.push(run('a', 1))
  s.app.push({ type: 'datasets' })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  while (eventsIn(text).length < 2) text += decoder.decode((await reader.read()).value)
  expect(eventsIn(text)).toEqual([run('a', 1), { type: 'datasets' }])
  leave.abort()
  await reader.closed.catch(() => {})
  await until(() => s.app.listeners.size === 0)
})

test('closing the server ends open pushes', async () => {
  const s = await servedSmallApp()
  const response = await fetch(`${s.origin}/api/events`, { headers: { Cookie: s.cookie[1] } })
  await until(() => s.app.listeners.size === 1)
  await s.close()
  expect(s.app.listeners.size).toBe(0)
  await response.text().catch(() => {})
})

test('while a reader is slow, only the newest push about a subject waits for it', async () => {
  const app = smallApp()
  const stream = pushStream(app.subscribe, new AbortController().signal)
  for (let step = 0; step < 10_000; step += 1) app.push(run(`r${step % 3}`, step))
  const reader = stream.getReader()
  let text = ''
  while (eventsIn(text).filter((event) => event.type === 'run' && event.step >= 9_997).length < 3) {
    text += decoder.decode((await reader.read()).value)
  }
  expect(eventsIn(text).length).toBeLessThan(25)
  await reader.cancel()
  expect(app.listeners.size).toBe(0)
})

test('a reader that takes nothing is dropped, and so is one that leaves too many subjects waiting', async () => {
  const app = smallApp()
  const idle = pushStream(app.subscribe, new AbortController().signal, { beatMs: 2, patienceMs: 10 }).getReader()
  for (let step = 0; step < 40; step += 1) app.push(run(`r${step}`, step))
  await until(() => app.listeners.size === 0)
  await expect(idle.read()).rejects.toThrow('too slow')

  const wide = pushStream(app.subscribe, new AbortController().signal).getReader()
  for (let step = 0; step < 2_000; step += 1) app.push(run(`r${step}`, step))
  expect(app.listeners.size).toBe(0)
  await expect(wide.read()).rejects.toThrow('too slow')
})

test('an idle stream beats', async () => {
  const app = smallApp()
  const reader = pushStream(app.subscribe, new AbortController().signal, { beatMs: 1 }).getReader()
  let text = ''
  while (!text.includes(': beat\n\n')) text += decoder.decode((await reader.read()).value)
  await reader.cancel()
})
