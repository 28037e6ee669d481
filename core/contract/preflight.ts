import { z } from 'zod'
import { countedThings } from './roles.ts'
import { someSettingsSchema } from './settings.ts'

/** What a run will need on this machine, foreseen before it begins. */

const bytes = z.number().min(0)
const seconds = z.number().min(0)
const count = z.number().int().min(0)

export const verdicts = ['fits', 'tight', 'does not fit'] as const
export const preflightVerdictSchema = z.enum(verdicts)
export type PreflightVerdict = z.infer<typeof preflightVerdictSchema>

export const memoryForecastSchema = z.object({
  /** Of the whole process at its largest. */
  peakBytes: bytes,
  /** Beyond what the process holds already. */
  neededBytes: bytes,
  /** What it may take, a reserve for everything else left out. */
  availableBytes: bytes,
  /** What the peak is made of; adds up to it. */
  parts: z.array(
    z.object({ name: z.enum(['program', 'weights', 'optimizer', 'activations', 'rows', 'saving']), bytes }),
  ),
  /** steps: some were tried out; graph: gone through without computing; bound: no more than this. */
  source: z.enum(['steps', 'graph', 'bound']),
})
export type MemoryForecast = z.infer<typeof memoryForecastSchema>

export const timeForecastSchema = z.object({
  /** From the start of the run to its last checkpoint. */
  seconds,
  startingSeconds: seconds,
  trainingSeconds: seconds,
  evaluatingSeconds: seconds,
  savingSeconds: seconds,
  /** Of an optimizer step, on average over the run. */
  stepMs: z.number().min(0),
  /** Real tokens, or what else is counted, while it trains; padding not counted. */
  tokensPerSecond: z.number().min(0),
  counted: z.enum(countedThings),
  /** steps: measured just now; run: as an earlier run with these settings took; graph: worked out, may be far off. */
  source: z.enum(['steps', 'run', 'graph']),
  /** Why it was not measured although that was asked for. */
  note: z.string().nullable(),
})
export type TimeForecast = z.infer<typeof timeForecastSchema>

export const diskForecastSchema = z.object({
  /** Of one checkpoint, with what the run needs to go on from it. */
  checkpointBytes: bytes,
  /** At the most, while the next one is being written. */
  neededBytes: bytes,
  freeBytes: bytes,
})
export type DiskForecast = z.infer<typeof diskForecastSchema>

/** Settings in place of the run's own with which it would fit. */
export const alternativeSchema = z.object({
  settings: someSettingsSchema,
  peakBytes: bytes,
  /** Beyond what the process holds already. */
  neededBytes: bytes,
})
export type Alternative = z.infer<typeof alternativeSchema>

export const preflightSchema = z.object({
  verdict: preflightVerdictSchema,
  /** With the numbers behind it. */
  reason: z.string(),
  /** The same, and in one sentence what would fit where this does not. */
  sentence: z.string(),
  memory: memoryForecastSchema,
  time: timeForecastSchema,
  disk: diskForecastSchema,
  plan: z.object({
    trainRows: count,
    evalRows: count,
    stepsPerEpoch: count,
    totalSteps: count,
    parameters: count,
    trainableParameters: count,
    /** Padded lengths in tokens. */
    lengthBuckets: z.array(count),
    truncatedShare: z.number(),
    /** Whether all rows were looked at; else a sample of them. */
    whole: z.boolean(),
  }),
  engine: z.enum(['graph', 'eager']),
  precision: z.enum(['fp32', 'bf16']),
  /** Each worked out like the run itself; the first changes least. Empty where it fits, or where nothing would. */
  alternatives: z.array(alternativeSchema),
})
export type Preflight = z.infer<typeof preflightSchema>
