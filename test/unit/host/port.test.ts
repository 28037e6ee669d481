import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { memoryCall } from '../../../core/host/doors/memory.ts'
import { attachPort, type HostPort, type PortMessage } from '../../../core/host/doors/port.ts'
import { smallApp } from './small-app.ts'

/** Electron's ports hand over `{data}`, Node's the data itself. */
function asElectron(port: MessagePort): HostPort {
  return {
    on: (name: string, listener: (event: { data: unknown }) => void) =>
      port.on(name as 'message', (data: unknown) => listener({ data })),
    start: () => port.start(),
    postMessage: (message) => port.postMessage(message),
  }
}

let page: MessagePort
afterEach(() => page.close())

function attached() {
  const app = smallApp()
  const { port1, port2 } = new MessageChannel()
  page = port2
  const detach = attachPort(app as never, asElectron(port1))
  const got: PortMessage[] = []
  port2.on('message', (message: PortMessage) => got.push(message))
  const next = async (count: number) => {
    while (got.length < count) await new Promise((resolve) => setTimeout(resolve, 1))
    return got.splice(0)
  }
  return { app, detach, next }
}

test('calls are answered under their own id', async () => {
  const { next } = attached()
  page.postMessage({ id: 1, method: 'runs.get', input: { id: 'r' } })
  page.postMessage({ id: 2, method: 'runs.get', input: { id: 7 } })
  page.postMessage({ id: 3, method: 'constructor', input: {} })
  const replies = await next(3)
  expect(replies).toContainEqual({ id: 1, reply: { ok: true, value: { name: 'runs.get', input: { id: 'r' } } } })
  expect(replies).toContainEqual({
    id: 2,
    reply: { ok: false, error: expect.objectContaining({ code: 'bad_request' }) },
  })
  expect(replies).toContainEqual({
    id: 3,
    reply: { ok: false, error: expect.objectContaining({ code: 'unknown_method' }) },
  })
})

test('what is no request is passed over', async () => {
  const { app, next } = attached()
  for (const junk of [null, 7, 'x', {}, { id: 'a', method: 'runs.get' }, { id: 1 }, { id: 1.5, method: 'runs.get' }]) {
    page.postMessage(junk)
  }
  page.postMessage({ id: 9, method: 'runs.list', input: {} })
  expect((await next(1)).map((message) => 'id' in message && message.id)).toEqual([9])
  expect(app.calls.length).toBe(1)
})

test('an answer that cannot be cloned becomes an error, not silence', async () => {
  const { app, next } = attached()
  app.handlers['runs.list'] = (() => ({ runs: () => 1 })) as never
  page.postMessage({ id: 1, method: 'runs.list', input: {} })
  expect(await next(1)).toEqual([{ id: 1, reply: { ok: false, error: expect.objectContaining({ code: 'internal' }) } }])
})

test('pushes come until the port closes or is detached', async () => {
  const { app, detach, next } = attached()
  app.push({ type: 'models' })
  expect(await next(1)).toEqual([{ event: { type: 'models' } }])
  detach()
  expect(app.listeners.size).toBe(0)
  const other = attached()
  page.close()
  while (other.app.listeners.size > 0) await new Promise((resolve) => setTimeout(resolve, 1))
})

test('the memory door parses, answers and fails like the others', async () => {
  const call = memoryCall(smallApp().handlers)
  expect(await call('runs.get', { id: 'r' })).toEqual({ name: 'runs.get', input: { id: 'r' } })
  await expect(call('runs.get', { id: '' })).rejects.toMatchObject({ name: 'AttuneError', code: 'bad_request' })
})
