import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run, Source } from '../../core/contract/domain.ts'
import { fromErrorPayload } from '../../core/contract/errors.ts'
import { createHost } from '../../core/host/create-host.ts'
import { memoryCall } from '../../core/host/doors/memory.ts'
import type { Workbench } from './demo.ts'

export interface OpenWorkbench extends Workbench {
  close(): Promise<void>
}

/** Opens the app over the data home that ATTUNE_HOME names. */
export async function openWorkbench(home: string): Promise<OpenWorkbench> {
  const host = await createHost({ adoptQueue: true })
  const call = memoryCall(host.app.handlers)
  const scratch = join(home, 'demo-scratch')
  await mkdir(scratch, { recursive: true })
  const sourceOf = (path: string): Source => ({
    kind: 'file',
    handle: host.app.files.register(path),
  })
  return {
    call,
    scratch,
    importData: async (path, options) =>
      (await call('datasets.import', { source: sourceOf(path), ...options })).dataset,
    addModel: async (path, name) => (await call('models.add', { source: sourceOf(path), name })).model,
    async train(config) {
      const { run } = await call('runs.create', { config })
      const ended = await untilEnded(run.id, async (id) => (await call('runs.get', { id })).run)
      if (ended.error) throw fromErrorPayload(ended.error)
      if (ended.state !== 'finished') throw new Error(`The run ${ended.name} is ${ended.state}.`)
      return ended
    },
    async close() {
      await host.app.close()
      await rm(scratch, { recursive: true, force: true })
    },
  }
}

async function untilEnded(id: string, get: (id: string) => Promise<Run>): Promise<Run> {
  for (;;) {
    const run = await get(id)
    if (!['queued', 'running'].includes(run.state)) return run
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
