import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { inTurn, shareFirstUse } from '../../../core/engine/native/first-use.ts'
import { loadTfjsNode } from '../../../core/engine/native/load.ts'
import { tinySpec, trainTiny } from '../train/fixture.ts'

/** A thread that takes its turn, says so, and holds on to it for `ms`; for ever when negative. */
async function holder(lock: SharedArrayBuffer, ms: number): Promise<Worker> {
  const module = JSON.stringify(new URL('../../../core/engine/native/first-use.ts', import.meta.url).href)
  const script = `
    const { parentPort, workerData: { lock, ms } } = require('node:worker_threads')
    import(${module}).then(({ inTurn, shareFirstUse }) => {
      shareFirstUse(lock)
      inTurn(() => {
        parentPort.postMessage('has it')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms < 0 ? Infinity : ms)
      })
    })`
  const worker = new Worker(script, { eval: true, workerData: { lock, ms } })
  onTestFinished(async () => {
    await worker.terminate()
  })
  await new Promise((resolve) => worker.once('message', resolve))
  return worker
}

test('threads take turns', async () => {
  const lock = new SharedArrayBuffer(4)
  shareFirstUse(lock)
  await holder(lock, 300)
  const begun = performance.now()
  expect(inTurn(() => performance.now() - begun)).toBeGreaterThan(200)
  // It is free again, also when the work throws.
  expect(() => inTurn(() => expect.fail('thrown'))).toThrow('thrown')
  expect(inTurn(() => 'free', 10)).toBe('free')
})

test('a thread that was ended amid its turn does not keep the others for ever', async () => {
  const lock = new SharedArrayBuffer(4)
  shareFirstUse(lock)
  const worker = await holder(lock, -1)
  await worker.terminate()
  expect(inTurn(() => 'mine', 100)).toBe('mine')
  expect(inTurn(() => 'free', 1)).toBe('free')
})

test.each([
  ['graph', 0],
  ['eager', 1],
] as const)('what the lock is for happens on the eager engine alone: %s', async (engine, least) => {
  const backend = (await loadTfjsNode(2)).backend() as unknown as { binding: Record<string, unknown> }
  const own = backend.binding
  let executed = 0
  backend.binding = new Proxy(
    {},
    {
      get(_, name: string) {
        const value = own[name]
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (name === 'executeOp') executed++
          return value.apply(own, args)
        }
      },
    },
  )
  onTestFinished(() => {
    backend.binding = own
  })
  const { thrown } = await trainTiny(await tinySpec({ engine, max_steps: 2 }))
  expect(thrown).toBeNull()
  if (least === 0) expect(executed).toBe(0)
  else expect(executed).toBeGreaterThan(100)
})
