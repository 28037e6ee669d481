import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { EagerSession } from '../../core/engine/eager/session.ts'
import { installWasmBackend } from '../../core/engine/eager/wasm.ts'
import type { Program, Session, SessionSpec } from '../../core/engine/engine.ts'
import { nativeBindingPath } from '../../core/engine/native/load.ts'
import { openEngine } from '../../core/engine/open.ts'
import { lstm, lstmParameters } from '../../core/nn/lstm.ts'
import { paramsOf } from '../../core/nn/params.ts'
import { largestDifference } from '../support/engines.ts'
import { spread } from './formula.ts'
import { type EngineKind, goldenDir } from './reference.ts'

/** The LSTM against torch.nn.LSTM over packed sequences: make-lstm.py made the numbers. */

const numbers = z.array(z.number())
const caseSchema = z.object({
  inputSize: z.number(),
  hiddenSize: z.number(),
  layers: z.number(),
  bidirectional: z.boolean(),
  steps: z.number(),
  lengths: numbers,
  outputs: z.record(z.string(), numbers),
  gradients: z.record(z.string(), numbers),
})
type Case = z.output<typeof caseSchema>
const cases = z.record(z.string(), caseSchema).parse(JSON.parse(readFileSync(join(goldenDir, 'lstm.json'), 'utf8')))

const engines: (EngineKind | 'wasm')[] = nativeBindingPath() ? ['graph', 'eager', 'wasm'] : ['wasm']

/** The eager engine has WebAssembly where there is no TensorFlow. */
async function open(kind: EngineKind | 'wasm', spec: SessionSpec): Promise<Session> {
  if (kind !== 'wasm') return (await openEngine(kind, 2)).open(spec)
  await installWasmBackend(1)
  return new EagerSession({ kind: 'eager', backend: 'wasm', version: tf.version_core, threads: 1 }, spec)
}

const some = (salt: number, bound: number, shape: readonly number[]) =>
  tf.tensor(spread(tf.util.sizeFromShape([...shape]), salt, bound), [...shape])

/** Outputs, and the gradients of Σ weight·output of everything given. */
function program(one: Case): Program {
  const batch = one.lengths.length
  const state = [one.layers * (one.bidirectional ? 2 : 1), batch, one.hiddenSize]
  const parameters = Object.entries(lstmParameters(one))
  return {
    feeds: { lengths: { shape: [batch], dtype: 'int32' } },
    run({ lengths }) {
      const given: Record<string, tf.Tensor> = {
        x: some(100, 2, [batch, one.steps, one.inputSize]),
        h0: some(101, 1, state),
        c0: some(102, 1, state),
        ...Object.fromEntries(parameters.map(([name, { shape }], salt) => [name, some(salt, 1, shape)])),
      }
      const names = Object.keys(given)
      const compute = (xs: readonly tf.Tensor[]) => {
        const named = Object.fromEntries(names.map((name, i) => [name, xs[i] as tf.Tensor]))
        const { x, h0, c0 } = named as Record<'x' | 'h0' | 'c0', tf.Tensor>
        return lstm(paramsOf(named), x, { lengths: lengths as tf.Tensor, state: { h: h0, c: c0 } })
      }
      const weighed = (...xs: tf.Tensor[]) => {
        const { y, h, c } = compute(xs)
        return tf.addN([y, h, c].map((part, i) => tf.sum(tf.mul(part, some(200 + i, 1, part.shape))))) as tf.Scalar
      }
      const { grads } = tf.valueAndGrads(weighed)(Object.values(given))
      const gradients = names.map((name, i) => [`d.${name}`, grads[i] as tf.Tensor] as const)
      return { fetches: { ...compute(Object.values(given)), ...Object.fromEntries(gradients) } }
    },
  }
}

describe.each(engines)('the LSTM on the %s engine', (kind) => {
  test.each(Object.keys(cases))('gives what torch.nn.LSTM gives, and its gradients: %s', async (name) => {
    const one = cases[name] as Case
    const session = await open(kind, { variables: {}, optimized: [], programs: { main: program(one) } })
    const told = session.run('main', { lengths: Int32Array.from(one.lengths) })
    session.close()
    expect(Object.keys(one.outputs)).toEqual(['y', 'h', 'c'])
    expect(Object.keys(one.gradients)).toHaveLength(3 + 4 * one.layers * (one.bidirectional ? 2 : 1))
    for (const [output, expected] of Object.entries(one.outputs)) {
      expect(largestDifference(told[output] ?? [], expected), output).toBeLessThan(1e-5)
    }
    for (const [gradient, expected] of Object.entries(one.gradients)) {
      const size = Math.max(...expected.map(Math.abs))
      expect(largestDifference(told[`d.${gradient}`] ?? [], expected) / size, gradient).toBeLessThan(1e-5)
    }
  })
})
