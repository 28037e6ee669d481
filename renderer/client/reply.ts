import type { Reply } from '../../core/contract/dispatch.ts'
import { AttuneError, fromErrorPayload } from '../../core/contract/errors.ts'

/** A reply as its value, or thrown as AttuneError. */
export function unwrap(reply: Reply): unknown {
  if (reply.ok) return reply.value
  throw fromErrorPayload(reply.error)
}

const unreachableReason = 'unreachable'

/** The host did not answer at all: worth trying again. */
export function unreachable(cause?: unknown): AttuneError {
  return new AttuneError(
    'internal',
    'Attune does not answer. Look whether it is still running in the terminal or window that started it.',
    { reason: unreachableReason },
    { cause },
  )
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof AttuneError && error.details?.reason === unreachableReason
}
