import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { runConfigSchema } from '../../core/contract/settings.ts'
import type { TensorSpec } from '../../core/engine/engine.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { openEngine } from '../../core/engine/open.ts'
import { writeVariables } from '../../core/engine/variables.ts'
import { adafactor } from '../../core/train/adafactor.ts'
import { optimizerState, scalarNames, stepFeeds } from '../../core/train/optimizer.ts'
import { spread } from './formula.ts'
import { type EngineKind, goldenDir, openSubject, readTable, trainStep } from './reference.ts'

/** Adafactor against transformers' on PyTorch: make-adafactor.py made the numbers. */

const numbers = z.array(z.number())
const table = z
  .object({
    steps: z.object({
      rate: z.number(),
      decay: z.number(),
      shapes: z.record(z.string(), numbers),
      values: z.array(z.record(z.string(), numbers)),
    }),
    training: z.object({ learning_rate: z.number(), losses: numbers, gradNorms: numbers }),
  })
  .parse(JSON.parse(readFileSync(join(goldenDir, 'adafactor.json'), 'utf8')))

const engines: EngineKind[] = nativeBindingPath() ? ['graph', 'eager'] : ['eager']
const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

describe.each(engines)('Adafactor on the %s engine', (kind) => {
  test('moves parameters of any number of axes as transformers does', async () => {
    const { rate, decay, shapes, values } = table.steps
    const config = runConfigSchema.parse({
      ...{ model: 'm', dataset: 'd', optim: 'adafactor', learning_rate: rate, weight_decay: decay },
    })
    const names = Object.keys(shapes)
    const specs = Object.fromEntries(
      names.map((name) => [name, { shape: shapes[name] ?? [], dtype: 'float32' as const }]),
    )
    const state = Object.fromEntries(
      names.flatMap((name) => Object.entries(optimizerState('adafactor', name, specs[name] as TensorSpec))),
    )
    const scalar = { shape: [], dtype: 'float32' as const }
    const engine = await openEngine(kind, 1)
    const session = await engine.open({
      variables: { ...specs, ...state },
      optimized: [],
      programs: {
        step: {
          feeds: { ...specs, ...Object.fromEntries(scalarNames.map((name) => [name, scalar])) },
          run(feeds, variables) {
            const grads = names.map((name) => feeds[name] as Tensor)
            const { updates = [] } = adafactor(names, grads, config, feeds, variables)
            return { fetches: { rate: feeds.learning_rate as Tensor }, updates }
          },
        },
      },
    })
    try {
      const sizes = names.map((name) => product(shapes[name] ?? []))
      session.write(Object.fromEntries(names.map((name, i) => [name, spread(sizes[i] ?? 0, i, 1)])))
      writeVariables(session, state, (_, { shape }) => new Float32Array(product(shape)))
      for (const [step, expected] of values.entries()) {
        const { rng: _, ...scalars } = stepFeeds(config, step + 1, rate)
        const grads = names.map((name, i) => {
          const size = name.startsWith('still') ? 0 : 10 ** (-2 * step)
          return [name, spread(sizes[i] ?? 0, 50 + 10 * step + i, size)] as const
        })
        session.run('step', { ...scalars, ...Object.fromEntries(grads) })
        const present = session.read(names)
        for (const name of names) {
          for (const [i, value] of (expected[name] ?? []).entries()) {
            expect(Math.abs((present[name]?.[i] ?? Number.NaN) - value), `${name} ${i}, step ${step}`).toBeLessThan(
              2e-6,
            )
          }
        }
      }
    } finally {
      session.close()
    }
  })

  test('gives the losses of transformers while training', async () => {
    const { learning_rate, losses, gradNorms } = table.training
    const settings = { optim: 'adafactor', learning_rate } as const
    const subject = await openSubject(join(goldenDir, 'tiny-bert'), readTable('tiny-bert.json'), 'full', kind, settings)
    try {
      for (const [i, expected] of losses.entries()) {
        const { loss, gradNorm } = trainStep(subject, i + 1)
        expect(Math.abs(loss / expected - 1), `loss ${i + 1}`).toBeLessThan(1e-4)
        expect(Math.abs(gradNorm / (gradNorms[i] as number) - 1), `norm ${i + 1}`).toBeLessThan(1e-3)
      }
    } finally {
      subject.session.close()
    }
  })
})
