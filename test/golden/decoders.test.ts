import { describe, expect, test } from 'vitest'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { largestDifference } from '../support/engines.ts'
import {
  type DecoderName,
  type DecoderSubject,
  decoderGradient,
  decoderNames,
  decoderStep,
  decoderTable,
  logitsOf,
  openDecoder,
} from './decoder-reference.ts'
import type { EngineKind, Method } from './reference.ts'
import { reportDifference } from './report.ts'

/** Decoders against transformers and peft on PyTorch: make-decoder-tables.py made the numbers. */

const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']
const everywhere = decoderNames.flatMap((name) => engines.map((engine) => [name, engine] as const))

async function withSubject<T>(
  name: DecoderName,
  method: Method,
  engine: EngineKind,
  work: (subject: DecoderSubject) => T,
  fresh = false,
): Promise<T> {
  const subject = await openDecoder(name, method, engine, fresh)
  try {
    return work(subject)
  } finally {
    subject.session.close()
  }
}

describe.each(everywhere)('%s on the %s engine', (name, engine) => {
  const { texts, batches, ...trained } = decoderTable(name)
  const alone = texts.map(({ ids }) => [ids])

  test('gives the logits and losses of transformers', async () => {
    await withSubject(name, 'full', engine, (subject) => {
      logitsOf(subject, alone).forEach((positions, i) => {
        const text = texts[i] as (typeof texts)[0]
        const difference = largestDifference(positions.at(-1) as number[], text.last)
        reportDifference(name, `logits, ${engine}`, difference)
        expect(difference).toBeLessThan(1e-4)
        const largest = positions.map((logits) => Math.max(...logits))
        expect(largestDifference(largest, text.largest)).toBeLessThan(1e-4)
      })
    })
  })

  test('gives packed documents the logits that they have alone', async () => {
    await withSubject(name, 'full', engine, (subject) => {
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
    await withSubject(name, method, engine, (subject) => {
      const { gradNorm } = decoderStep(subject, 1)
      const expected = trained[method].firstGradients
      expect(Object.keys(expected).sort()).toEqual([...subject.trainable.names].sort())
      for (const [parameter, { norm, head }] of Object.entries(expected)) {
        const gradient = decoderGradient(subject, parameter, gradNorm)
        const ours = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0))
        expect(Math.abs(ours - norm), parameter).toBeLessThan(1e-4 * norm + 1e-6)
        expect(largestDifference(gradient.subarray(0, 4), head), parameter).toBeLessThan(1e-4 * norm + 1e-6)
        const counts = norm > 1e-3 * gradNorm
        reportDifference(name, `gradients, relative, ${method}, ${engine}`, counts ? Math.abs(ours / norm - 1) : 0)
      }
    })
  })

  test.each(['full', 'lora'] as const)('gives the losses of ten AdamW steps of PyTorch: %s', async (method) => {
    await withSubject(name, method, engine, (subject) => {
      batches.forEach((_, i) => {
        const { loss, gradNorm } = decoderStep(subject, i + 1)
        const off = Math.abs(loss / (trained[method].losses[i] as number) - 1)
        reportDifference(name, `losses of ten steps, relative, ${method}, ${engine}`, off)
        expect(off, `loss ${i + 1}`).toBeLessThan(1e-4)
        expect(Math.abs(gradNorm / (trained[method].gradNorms[i] as number) - 1), `norm ${i + 1}`).toBeLessThan(1e-3)
      })
    })
  })

  test('with a fresh adapter is the base model', async () => {
    const base = await withSubject(name, 'full', engine, (subject) => logitsOf(subject, alone))
    const adapted = await withSubject(name, 'lora', engine, (subject) => logitsOf(subject, alone), true)
    expect(adapted).toEqual(base)
  })
})

describe.skipIf(engines.length < 2)('both engines', () => {
  test.each(decoderNames)('compute the same: %s', async (name) => {
    const alone = decoderTable(name).texts.map(({ ids }) => [ids])
    const results = []
    for (const engine of engines) {
      results.push(
        await withSubject(name, 'full', engine, (subject) => ({
          logits: logitsOf(subject, alone).flat(2),
          losses: [1, 2, 3, 4].map((step) => decoderStep(subject, step).loss),
        })),
      )
    }
    const [graph, eager] = results as [(typeof results)[0], (typeof results)[0]]
    const largest = Math.max(...graph.logits.map(Math.abs))
    expect(largestDifference(graph.logits, eager.logits)).toBeLessThan(5e-6 * largest)
    expect(largestDifference(graph.losses, eager.losses)).toBeLessThan(1e-5)
  })
})
