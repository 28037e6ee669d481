import { z } from 'zod'
import type { TaskName } from './settings.ts'

/**
 * How long training steps take by rows and by length: what of a step goes on side by side. Measured with steps of the
 * run's own model and method on made-up tokens, nothing else on the machine being slowed for it.
 */
export const paceSchema = z.object({
  cells: z.array(
    z.object({
      /** Rows a batch, and tokens a row. */
      rows: z.number().int(),
      length: z.number().int(),
      /** The middle of a few steps. */
      stepMs: z.number(),
    }),
  ),
  threads: z.number().int(),
  precision: z.enum(['fp32', 'bf16']),
})
export type Pace = z.infer<typeof paceSchema>

/** Tasks whose batches are rows of tokens and nothing else. */
export const pacedTasks: readonly TaskName[] = ['text-classification', 'text-generation']

/** What a row, or a token, costs among many, against one alone: 1 where nothing is shared, less where they go side by side. */
export interface PaceShares {
  /** A row in the largest batch, against one alone, of the longest rows. */
  readonly row: number
  /** A token of the longest row, against one of the shortest, one row a batch. */
  readonly token: number
}

export function paceShares({ cells }: Pace): PaceShares {
  const rows = cells.map((cell) => cell.rows)
  const lengths = cells.map(({ length }) => length)
  const [few, many, short, long] = [Math.min(...rows), Math.max(...rows), Math.min(...lengths), Math.max(...lengths)]
  const ms = (count: number, length: number) =>
    cells.find((cell) => cell.rows === count && cell.length === length)?.stepMs ?? Number.NaN
  return {
    row: ms(many, long) / many / (ms(few, long) / few),
    token: ms(few, long) / long / (ms(few, short) / short),
  }
}
