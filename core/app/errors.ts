import { AttuneError } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import { nameStoreError } from '../store/errors.ts'
import type { Context } from './context.ts'

/** What the disk or the database says, as a sentence; anything else as it came. */
export function nameError(error: unknown, { folders }: Pick<Context, 'folders'>): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message = `The disk of ${folders.home} is full. Free some space and try again; what was saved is intact.`
    return new AttuneError('disk_full', message, { home: folders.home }, { cause: error })
  }
  return nameStoreError(error, folders.database)
}

/** The same handlers, whose errors have names. */
export function namingErrors(handlers: Handlers, context: Pick<Context, 'folders'>): Handlers {
  const named = Object.entries(handlers).map(([name, handler]) => {
    const call = handler as (input: unknown) => unknown
    return [
      name,
      async (input: unknown) => {
        try {
          return await call(input)
        } catch (error) {
          throw nameError(error, context)
        }
      },
    ]
  })
  return Object.fromEntries(named) as Handlers
}
