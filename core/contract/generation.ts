import { z } from 'zod'
import { errorSchema } from './errors.ts'

/** How text is generated. Names and defaults are those of transformers' GenerationConfig, but for the number of tokens. */
export const generationOptionsSchema = z.strictObject({
  /** Tokens that follow the prompt, at most. */
  max_new_tokens: z.number().int().min(1).max(100_000).default(128),
  /** Texts that are followed at once, of which the best is taken; only where one text is made out of another. */
  num_beams: z.number().int().min(1).max(4).default(1),
  /** Draws each token; else the likeliest is taken, and temperature, top_k, top_p and seed do not matter. */
  do_sample: z.boolean().default(false),
  /** Below 1 likely tokens gain, above 1 unlikely ones. */
  temperature: z.number().gt(0).max(100).default(1),
  /** Only the k likeliest tokens are drawn from; 0: all. */
  top_k: z.number().int().min(0).default(50),
  /** Only the likeliest tokens that together reach this probability are drawn from. */
  top_p: z.number().gt(0).max(1).default(1),
  /** Tokens that occurred already become less likely above 1, more likely below. */
  repetition_penalty: z.number().gt(0).max(100).default(1),
  seed: z.number().int().min(0).max(2147483647).default(42),
  /** A text ends before the first of these that comes up. */
  stop_strings: z.array(z.string().min(1).max(1000)).max(100).default([]),
})
export type GenerationOptions = z.output<typeof generationOptionsSchema>

/** Why a text ended: the model's own end, a stop string, as many tokens as asked for, no position left, or cancelled. */
export const finishReasonSchema = z.enum(['end', 'stop', 'max_new_tokens', 'max_positions', 'cancelled'])
export type FinishReason = z.infer<typeof finishReasonSchema>

export const generatedTextSchema = z.object({
  prompt: z.string(),
  /** What follows the prompt, as far as it is written. */
  text: z.string(),
  /** Null while it is being written. */
  reason: finishReasonSchema.nullable(),
  tokens: z.number().int(),
})
export type GeneratedText = z.infer<typeof generatedTextSchema>

/** Texts that a run's weights write. Not stored: it lives as long as the app that writes it. */
export const generationSchema = z.object({
  id: z.string(),
  run: z.string(),
  /** One a prompt, in their order. */
  texts: z.array(generatedTextSchema),
  ended: z.boolean(),
  error: errorSchema.nullable(),
})
export type Generation = z.infer<typeof generationSchema>
