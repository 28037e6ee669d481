import '@tensorflow/tfjs'
import * as tf from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import type { AdamWScalars, SessionSpec, Tensors, Update } from '../../../core/engine/engine.ts'
import { traceSession } from '../../../core/engine/graph/session-graph.ts'

/** Adds a bias, whose gradient is the same whatever it is: nothing but an edge keeps its update behind its reading. */
function updating(update: (grad: tf.Tensor, fed: Tensors) => Update[], scalars: boolean): SessionSpec {
  const vector = { shape: [4], dtype: 'float32' } as const
  const scalar = { shape: [], dtype: 'float32' } as const
  return {
    variables: { bias: vector, buffer: vector },
    optimized: ['bias'],
    programs: {
      step: {
        feeds: { x: vector, rate: scalar },
        run(fed, { bias }) {
          const loss = (trained: tf.Tensor) => tf.sum(tf.add(fed.x as tf.Tensor, trained)) as tf.Scalar
          const { value, grad } = tf.valueAndGrad(loss)(bias as tf.Tensor)
          const rate = fed.rate as tf.Tensor
          const adamw: AdamWScalars = { learningRate: rate, stepSize: rate, epsilonHat: rate, beta1: 0.9, beta2: 0.999 }
          return { fetches: { value }, updates: update(grad, fed), ...(scalars && { adamw }) }
        },
      },
    },
  }
}

const name = 'bias'
test.each([
  ['AdamW', updating((grad) => [{ kind: 'adamw', name, grad, weightDecay: 0 }], true)],
  ['AdamW with decay', updating((grad) => [{ kind: 'adamw', name, grad, weightDecay: 0.1 }], true)],
  [
    'momentum',
    updating(
      (grad, { rate }) => [
        { kind: 'momentum', name, buffer: 'buffer', grad, weightDecay: 0, momentum: 0.9, rate: rate as tf.Tensor },
      ],
      false,
    ),
  ],
  ['a step', updating((step) => [{ kind: 'descend', name, step, decay: null }], false)],
  [
    'a step with decay',
    updating((step, { rate }) => [{ kind: 'descend', name, step, decay: rate as tf.Tensor }], false),
  ],
  ['a new value', updating((value) => [{ kind: 'assign', name, value }], false)],
])('%s waits until the variable has been read', async (_, spec) => {
  const { nodes } = (await traceSession(spec)).builder
  const changes = nodes.filter(({ op, inputs }) => inputs.includes('variable/bias') && !op.startsWith('Read'))
  const ofStep = changes.filter(
    ({ inputs }) => !inputs.some((ref) => ref.startsWith('write/') || ref.startsWith('zero/')),
  )
  expect(ofStep.some(({ inputs }) => inputs.includes('^step/read/bias'))).toBe(true)
})
