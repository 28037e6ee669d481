import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { attuneCache } from '../../core/util/paths.ts'
import {
  type EngineKind,
  firstGradient,
  goldenDir,
  type Method,
  openSubject,
  readTable,
  type Subject,
  sentenceLogits,
  type Table,
  trainStep,
} from './reference.ts'
import { reportDifference } from './report.ts'

/** BERT against transformers and peft on PyTorch: make-tables.py made the numbers. */

const minilm = join(attuneCache(), 'starters', 'minilm-l6')
const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']

interface Case {
  name: string
  folder: string
  table: Table
  /** Full fine-tuning of MiniLM operation by operation takes long without showing more. */
  steps: Record<EngineKind, number>
}
const tiny: Case = {
  name: 'a random BERT',
  folder: join(goldenDir, 'tiny-bert'),
  table: readTable('tiny-bert.json'),
  steps: { graph: 20, eager: 20 },
}
const real: Case = {
  name: 'MiniLM-L6',
  folder: minilm,
  table: readTable('minilm.json'),
  steps: { graph: 20, eager: 3 },
}

async function withSubject(
  { folder, table }: Case,
  method: Method,
  engine: EngineKind,
  work: (subject: Subject) => void,
): Promise<void> {
  const subject = await openSubject(folder, table, method, engine)
  try {
    work(subject)
  } finally {
    subject.session.close()
  }
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))))
}

for (const subjectCase of [tiny, real]) {
  const { name, folder, table, steps } = subjectCase
  describe.skipIf(!existsSync(folder))(name, () => {
    describe.each(engines)('on the %s engine', (engine) => {
      test('gives the logits of transformers', async () => {
        await withSubject(subjectCase, 'full', engine, (subject) => {
          const expected = table.sentences.flatMap(({ logits }) => logits)
          const difference = largestDifference(sentenceLogits(subject).flat(), expected)
          reportDifference(name, `logits, ${engine}`, difference)
          expect(difference).toBeLessThan(1e-4)
        })
      })

      test.each(['full', 'lora'] as const)('gives the first gradients of PyTorch: %s', async (method) => {
        await withSubject(subjectCase, method, engine, (subject) => {
          const { gradNorm } = trainStep(subject, 1)
          const expected = table[method].firstGradients
          expect(Object.keys(expected).sort()).toEqual([...subject.trainable.names].sort())
          for (const [parameter, { norm, head }] of Object.entries(expected)) {
            const gradient = firstGradient(subject, parameter, gradNorm)
            // The bias of the keys has no gradient in exact arithmetic: only the absolute difference says something.
            expect(
              Math.abs(Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0)) - norm),
              parameter,
            ).toBeLessThan(1e-4 * norm + 1e-7)
            expect(largestDifference(gradient.subarray(0, 4), head), parameter).toBeLessThan(1e-4 * norm + 1e-7)
          }
        })
      })

      test.each(['full', 'lora'] as const)('gives the losses of PyTorch while training: %s', async (method) => {
        await withSubject(subjectCase, method, engine, (subject) => {
          for (let step = 1; step <= steps[engine]; step++) {
            const { loss, gradNorm } = trainStep(subject, step)
            const at = step - 1
            expect(Math.abs(loss / (table[method].losses[at] as number) - 1), `loss ${step}`).toBeLessThan(1e-3)
            expect(Math.abs(gradNorm / (table[method].gradNorms[at] as number) - 1), `norm ${step}`).toBeLessThan(1e-3)
          }
        })
      })
    })

    test.skipIf(engines.length < 2)('is the same on both engines', async () => {
      const results: { logits: number[]; losses: number[] }[] = []
      for (const engine of engines) {
        await withSubject(subjectCase, 'full', engine, (subject) => {
          const logits = sentenceLogits(subject).flat()
          const losses = Array.from({ length: steps.eager }, (_, i) => trainStep(subject, i + 1).loss)
          results.push({ logits, losses })
        })
      }
      const [graph, eager] = results as [(typeof results)[0], (typeof results)[0]]
      expect(largestDifference(graph.logits, eager.logits)).toBeLessThan(1e-5)
      expect(largestDifference(graph.losses, eager.losses)).toBeLessThan(1e-5)
    })
  })
}
