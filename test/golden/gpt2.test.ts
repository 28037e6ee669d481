import { describe, expect, test } from 'vitest'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { largestDifference } from '../support/engines.ts'
import { type Gpt2Subject, gpt2Gradient, gpt2Step, gpt2Table, logitsOf, openGpt2 } from './gpt2-reference.ts'
import type { EngineKind, Method } from './reference.ts'

/** GPT-2 against transformers and peft on PyTorch: make-gpt2-tables.py made the numbers. */

const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']
const { texts, batches } = gpt2Table

async function withSubject<T>(
  method: Method,
  engine: EngineKind,
  work: (subject: Gpt2Subject) => T,
  fresh = false,
): Promise<T> {
  const subject = await openGpt2(method, engine, fresh)
  try {
    return work(subject)
  } finally {
    subject.session.close()
  }
}

const alone = texts.map(({ ids }) => [ids])

describe.each(engines)('GPT-2 on the %s engine', (engine) => {
  test('gives the logits and losses of transformers', async () => {
    await withSubject('full', engine, (subject) => {
      logitsOf(subject, alone).forEach((positions, i) => {
        const text = texts[i] as (typeof texts)[0]
        expect(largestDifference(positions.at(-1) as number[], text.last)).toBeLessThan(1e-4)
        const largest = positions.map((logits) => Math.max(...logits))
        expect(largestDifference(largest, text.largest)).toBeLessThan(1e-4)
      })
    })
  })

  test('gives packed documents the logits that they have alone', async () => {
    await withSubject('full', engine, (subject) => {
      const short = texts.map(({ ids }) => ids.slice(0, 9))
      const separate = logitsOf(
        subject,
        short.map((ids) => [ids]),
      )
      const [a, b, c, d] = short as [number[], number[], number[], number[]]
      const packed = logitsOf(subject, [[a, b], [c], [d]])
      expect(largestDifference(packed.flat(2), separate.flat(2))).toBeLessThan(1e-5)
    })
  })

  test.each(['full', 'lora'] as const)('gives the first gradients of PyTorch: %s', async (method) => {
    await withSubject(method, engine, (subject) => {
      const { gradNorm } = gpt2Step(subject, 1)
      const expected = gpt2Table[method].firstGradients
      expect(Object.keys(expected).sort()).toEqual([...subject.trainable.names].sort())
      for (const [name, { norm, head }] of Object.entries(expected)) {
        const gradient = gpt2Gradient(subject, name, gradNorm)
        const ours = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0))
        expect(Math.abs(ours - norm), name).toBeLessThan(1e-4 * norm + 1e-6)
        expect(largestDifference(gradient.subarray(0, 4), head), name).toBeLessThan(1e-4 * norm + 1e-6)
      }
    })
  })

  test.each(['full', 'lora'] as const)('gives the losses of ten AdamW steps of PyTorch: %s', async (method) => {
    await withSubject(method, engine, (subject) => {
      batches.forEach((_, i) => {
        const { loss, gradNorm } = gpt2Step(subject, i + 1)
        expect(Math.abs(loss / (gpt2Table[method].losses[i] as number) - 1), `loss ${i + 1}`).toBeLessThan(1e-4)
        expect(Math.abs(gradNorm / (gpt2Table[method].gradNorms[i] as number) - 1), `norm ${i + 1}`).toBeLessThan(1e-3)
      })
    })
  })

  test('with a fresh adapter is the base model', async () => {
    const base = await withSubject('full', engine, (subject) => logitsOf(subject, alone))
    const adapted = await withSubject('lora', engine, (subject) => logitsOf(subject, alone), true)
    expect(adapted).toEqual(base)
  })
})

test.skipIf(engines.length < 2)('GPT-2 is the same on both engines', async () => {
  const results = []
  for (const engine of engines) {
    results.push(
      await withSubject('full', engine, (subject) => ({
        logits: logitsOf(subject, alone).flat(2),
        losses: [1, 2, 3, 4].map((step) => gpt2Step(subject, step).loss),
      })),
    )
  }
  const [graph, eager] = results as [(typeof results)[0], (typeof results)[0]]
  expect(largestDifference(graph.logits, eager.logits)).toBeLessThan(1e-5)
  expect(largestDifference(graph.losses, eager.losses)).toBeLessThan(1e-5)
})
