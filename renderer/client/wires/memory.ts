import { dispatch } from '../../../core/contract/dispatch.ts'
import type { Subscribe } from '../../../core/contract/events.ts'
import type { Call, Handlers } from '../../../core/contract/methods.ts'
import type { Client } from '../client.ts'
import { createConnection } from '../connection.ts'
import { unwrap } from '../reply.ts'

/** What stands behind a memory wire: an app in the same process. */
export interface MemoryHost {
  readonly handlers: Handlers
  readonly subscribe: Subscribe
  /** Keeps a file's bytes and gives it a handle. */
  register(file: File): Promise<string>
}

/** No process boundary, but the same dispatch and the same JSON round trip as over the others. For tests. */
export function memoryClient(host: MemoryHost): Client {
  const call = async (method: string, input: unknown) =>
    unwrap(JSON.parse(JSON.stringify(await dispatch(host.handlers, method, JSON.parse(JSON.stringify(input))))))
  return {
    call: call as Call,
    subscribe: host.subscribe,
    upload: (file) => host.register(file),
    uploadFolder: async (files) => {
      const handles = await Promise.all(files.map((file) => host.register(file)))
      return handles[0] ?? ''
    },
    desktop: null,
    connected: createConnection('open'),
  }
}
