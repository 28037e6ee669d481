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
import { gru, gruParameters } from '../../core/nn/gru.ts'
import { lstm, lstmParameters } from '../../core/nn/lstm.ts'
import { paramsOf } from '../../core/nn/params.ts'
import { largestDifference } from '../support/engines.ts'
import { spread } from './formula.ts'
import { type EngineKind, goldenDir } from './reference.ts'

/** LSTM and GRU against PyTorch's over packed sequences: make-recurrent.py made the numbers. */

const numbers = z.array(z.number())
const caseSchema = z.object({
  kind: z.enum(['lstm', 'gru']),
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
const cases = z.array(caseSchema).parse(JSON.parse(readFileSync(join(goldenDir, 'recurrent.json'), 'utf8')))

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
  const parameters = Object.entries(one.kind === 'lstm' ? lstmParameters(one) : gruParameters(one))
  return {
    feeds: { lengths: { shape: [batch], dtype: 'int32' } },
    run(fed) {
      const lengths = fed.lengths as tf.Tensor
      const given: Record<string, tf.Tensor> = {
        x: some(100, 2, [batch, one.steps, one.inputSize]),
        h0: some(101, 1, state),
        ...(one.kind === 'lstm' && { c0: some(102, 1, state) }),
        ...Object.fromEntries(parameters.map(([name, { shape }], salt) => [name, some(salt, 1, shape)])),
      }
      const names = Object.keys(given)
      const compute = (xs: readonly tf.Tensor[]): Record<string, tf.Tensor> => {
        const named = Object.fromEntries(names.map((name, i) => [name, xs[i] as tf.Tensor]))
        const { x, h0, c0 } = named as Record<'x' | 'h0' | 'c0', tf.Tensor>
        return one.kind === 'lstm'
          ? { ...lstm(paramsOf(named), x, { lengths, state: { h: h0, c: c0 } }) }
          : { ...gru(paramsOf(named), x, { lengths, h0 }) }
      }
      const weighed = (...xs: tf.Tensor[]) => {
        const parts = Object.values(compute(xs))
        return tf.addN(parts.map((part, i) => tf.sum(tf.mul(part, some(200 + i, 1, part.shape))))) as tf.Scalar
      }
      const { grads } = tf.valueAndGrads(weighed)(Object.values(given))
      const gradients = names.map((name, i) => [`d.${name}`, grads[i] as tf.Tensor] as const)
      return { fetches: { ...compute(Object.values(given)), ...Object.fromEntries(gradients) } }
    },
  }
}

describe.each(engines)('on the %s engine', (kind) => {
  test.each(cases)(
    '$kind gives what PyTorch gives, and its gradients: $layers of them, rows of $lengths steps',
    async (one) => {
      const session = await open(kind, { variables: {}, optimized: [], programs: { main: program(one) } })
      const told = session.run('main', { lengths: Int32Array.from(one.lengths) })
      session.close()
      const states = one.kind === 'lstm' ? ['h', 'c'] : ['h']
      expect(Object.keys(one.outputs)).toEqual(['y', ...states])
      const parameters = 4 * one.layers * (one.bidirectional ? 2 : 1)
      expect(Object.keys(one.gradients)).toHaveLength(1 + states.length + parameters)
      for (const [output, expected] of Object.entries(one.outputs)) {
        expect(largestDifference(told[output] ?? [], expected), output).toBeLessThan(1e-5)
      }
      for (const [gradient, expected] of Object.entries(one.gradients)) {
        const size = Math.max(...expected.map(Math.abs))
        expect(largestDifference(told[`d.${gradient}`] ?? [], expected) / size, gradient).toBeLessThan(1e-5)
      }
    },
  )
})
