import { z } from 'zod'
import { runStateSchema } from './domain.ts'

/** Pushes carry a cursor, never data: the receiver fetches what it lacks, so a lost push costs nothing. */
export const appEventSchema = z.discriminatedUnion('type', [
  /** A run's record or metrics changed; they now reach this state, step and revision. */
  z.object({
    type: z.literal('run'),
    id: z.string(),
    state: runStateSchema,
    step: z.number().int(),
    revision: z.number().int(),
  }),
  /** The order of the queue changed, or whether it rests. */
  z.object({ type: z.literal('queue') }),
  z.object({ type: z.literal('datasets') }),
  z.object({ type: z.literal('models') }),
  /** More of a generation's text is there, or its end. */
  z.object({ type: z.literal('generation'), id: z.string() }),
  /** How far a long call is; `task` is the handle or id the call was made with. Not stored. */
  z.object({
    type: z.literal('progress'),
    task: z.string(),
    label: z.string(),
    done: z.number(),
    total: z.number().nullable(),
  }),
])
export type AppEvent = z.infer<typeof appEventSchema>

export type Unsubscribe = () => void
export type Subscribe = (listener: (event: AppEvent) => void) => Unsubscribe
