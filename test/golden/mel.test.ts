import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { LogMel } from '../../core/data/media/log-mel.ts'
import { spread } from './formula.ts'
import { goldenDir, numbers } from './reference.ts'

/** Log-mel pictures against transformers' WhisperFeatureExtractor: make-mel.py made the numbers. */

const cases = z
  .array(
    z.object({
      rate: z.number(),
      hop: z.number(),
      window: z.number(),
      mels: z.number(),
      frames: z.number(),
      count: z.number(),
      rows: z.array(z.object({ mel: z.number(), values: numbers })),
    }),
  )
  .parse(JSON.parse(readFileSync(join(goldenDir, 'mel.json'), 'utf8')))

/** The clip that make-mel.py makes. */
function clip(count: number, salt: number): Float32Array {
  const noise = spread(count, salt, 1)
  const loud = (i: number) => (((i * 37) % 1000) / 1000) * (i / count)
  return noise.map((value, i) => Math.floor(value * loud(i) * 20000) / 32768)
}

test.each(cases)('$mels mels of $count samples at $rate Hz', ({ count, rows, ...options }) => {
  const { values, frames, silence } = new LogMel(options).picture(clip(count, options.mels))
  for (const { mel, values: expected } of rows) {
    const ours = expected.map((_, t) => (t < frames ? (values[mel * frames + t] as number) : silence))
    const farthest = Math.max(...ours.map((value, t) => Math.abs(value - (expected[t] as number))))
    expect(farthest, `mel ${mel}`).toBeLessThan(1e-4)
  }
})
