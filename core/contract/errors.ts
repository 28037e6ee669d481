import { z } from 'zod'

/** Every failure that crosses a boundary carries one of these codes and a sentence for the person. */
export const errorCodes = [
  'bad_request', // the call itself is malformed: a method's input did not parse
  'unknown_method',
  'unauthorized',
  'not_found', // a run, dataset, model or file that is not there
  'conflict', // the act does not fit the present state (stop a finished run)
  'bad_file', // a file that cannot be read as what it claims to be
  'bad_data', // readable, but not usable for the task (one class only, no rows)
  'bad_config', // a setting with an unknown name or an impossible value
  'unsupported', // a real thing that this version does not do
  'does_not_fit', // a run that wants more memory or disk than can be had here
  'no_engine', // no training engine could be loaded
  'out_of_memory',
  'disk_full',
  'unreachable', // a server that does not answer, or not as it should
  'busy', // the store is locked by another process
  'stopped', // ended on request
  'diverged', // loss or gradient became NaN or infinite
  'internal', // a defect of ours
] as const

export const errorCodeSchema = z.enum(errorCodes)
export type ErrorCode = z.infer<typeof errorCodeSchema>

export const errorSchema = z.object({
  code: errorCodeSchema,
  /** A whole sentence: what, where, which value, what to do. */
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
})
export type ErrorPayload = z.infer<typeof errorSchema>

/** The one error class of the project. Thrown where something is wrong, caught only at a boundary. */
export class AttuneError extends Error {
  override readonly name = 'AttuneError'
  readonly code: ErrorCode
  readonly details: Record<string, unknown> | undefined

  constructor(code: ErrorCode, message: string, details?: Record<string, unknown>, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.details = details
  }
}

/** Anything thrown, or told of as such a value, as the plain value that crosses a boundary. What is unknown becomes `internal`. */
export function toErrorPayload(thrown: unknown): ErrorPayload {
  if (thrown instanceof AttuneError) {
    return { code: thrown.code, message: thrown.message, ...(thrown.details && { details: thrown.details }) }
  }
  const told = errorSchema.safeParse(thrown)
  if (told.success) return told.data
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { code: 'internal', message }
}

/** Of a prediction that somebody ended. */
export function predictionCancelled(): AttuneError {
  return new AttuneError('stopped', 'The prediction was cancelled.')
}

/** The reverse: a received payload as a throwable error. */
export function fromErrorPayload(payload: ErrorPayload): AttuneError {
  return new AttuneError(payload.code, payload.message, payload.details)
}
