import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bleu } from '../../core/tasks/bleu.ts'
import { chrf, corpusChrf } from '../../core/tasks/chrf.ts'

/** Against sacrebleu: make-text-metrics.py made the numbers. */
const corpora = z
  .array(
    z.object({
      texts: z.array(z.string()),
      references: z.array(z.string()),
      bleu: z.number(),
      chrf: z.number(),
      each: z.array(z.number()),
    }),
  )
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'text-metrics.json'), 'utf8')))

describe.each(corpora.map((corpus, i) => [i, corpus] as const))(
  'corpus %i',
  (_, { texts, references, ...expected }) => {
    test("has sacrebleu's BLEU", () => {
      expect(bleu(texts, references)).toBeCloseTo(expected.bleu, 8)
    })

    test("has sacrebleu's chrF, as a whole and text by text", () => {
      expect(corpusChrf(texts, references)).toBeCloseTo(expected.chrf, 8)
      for (const [i, text] of texts.entries())
        expect(chrf(text, references[i] as string), text).toBeCloseTo(expected.each[i] as number, 8)
    })
  },
)
