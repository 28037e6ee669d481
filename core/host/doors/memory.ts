import { dispatch } from '../../contract/dispatch.ts'
import { fromErrorPayload } from '../../contract/errors.ts'
import type { Call, Handlers, Output } from '../../contract/methods.ts'

/**
 * The contract's call without a wire, for the command line and tests: same parsing, same errors as over any other.
 * The value is copied through JSON, so that nobody here can lean on what a wire would not carry.
 */
export function memoryCall(handlers: Handlers): Call {
  return async <M extends Parameters<Call>[0]>(method: M, input: unknown) => {
    const reply = await dispatch(handlers, method, input)
    if (!reply.ok) throw fromErrorPayload(reply.error)
    return JSON.parse(JSON.stringify(reply.value)) as Output<M>
  }
}
