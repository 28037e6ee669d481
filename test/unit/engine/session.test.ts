import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { adamwScalars, momentNames, type Session, type SessionSpec } from '../../../core/engine/engine.ts'
import { bothEngines, largestDifference, someValues } from '../../support/engines.ts'

/** loss = Σ(w·x)², with w trained by AdamW; and a program that keeps a running total. */
const scalar = { shape: [], dtype: 'float32' } as const
const spec: SessionSpec = {
  variables: { w: { shape: [3], dtype: 'float32' }, total: { shape: [], dtype: 'float32' } },
  optimized: ['w'],
  programs: {
    step: {
      feeds: { x: { shape: [3], dtype: 'float32' }, learningRate: scalar, stepSize: scalar, epsilonHat: scalar },
      run({ x, learningRate, stepSize, epsilonHat }, { w }) {
        const loss = (v: tf.Tensor) => tf.sum(tf.square(tf.mul(v, x as tf.Tensor)))
        const { value, grads } = tf.valueAndGrads((v: tf.Tensor) => loss(v) as tf.Scalar)([w as tf.Tensor])
        return {
          fetches: { loss: value },
          updates: [{ kind: 'adamw', name: 'w', grad: grads[0] as tf.Tensor, weightDecay: 0.1 }],
          adamw: {
            learningRate: learningRate as tf.Tensor,
            stepSize: stepSize as tf.Tensor,
            epsilonHat: epsilonHat as tf.Tensor,
            ...betas,
          },
        }
      },
    },
    count: {
      feeds: { by: scalar },
      run: ({ by }, { total }) => {
        const next = tf.add(total as tf.Tensor, by as tf.Tensor)
        return { fetches: { next }, updates: [{ kind: 'assign', name: 'total', value: next }] }
      },
    },
  },
}
const betas = { beta1: 0.9, beta2: 0.999 }
const epsilon = 1e-8
const learningRate = 0.05

/** torch.optim.AdamW's single step, in float64. */
function reference(w: number[], m: number[], v: number[], x: Float32Array, step: number): void {
  for (let i = 0; i < w.length; i++) {
    const xi = x[i] as number
    const grad = 2 * (w[i] as number) * xi * xi
    w[i] = (w[i] as number) * (1 - learningRate * 0.1)
    m[i] = betas.beta1 * (m[i] as number) + (1 - betas.beta1) * grad
    v[i] = betas.beta2 * (v[i] as number) + (1 - betas.beta2) * grad * grad
    const denominator = Math.sqrt(v[i] as number) / Math.sqrt(1 - betas.beta2 ** step) + epsilon
    w[i] = (w[i] as number) - ((learningRate / (1 - betas.beta1 ** step)) * (m[i] as number)) / denominator
  }
}

describe.each(['graph', 'eager'] as const)('a session of the %s engine', (kind) => {
  let session: Session
  beforeEach(async () => {
    session = await (await bothEngines())[kind].open(spec)
  })
  afterEach(() => session.close())

  test('AdamW does what PyTorch documents, for fifty steps', () => {
    const w = [0.5, -1.5, 2]
    const m = [0, 0, 0]
    const v = [0, 0, 0]
    session.write({ w: Float32Array.from(w) })
    for (let step = 1; step <= 50; step++) {
      const x = someValues(3, step)
      const { stepSize, epsilonHat } = adamwScalars(learningRate, step, { ...betas, epsilon })
      session.run('step', {
        x,
        learningRate: Float32Array.of(learningRate),
        stepSize: Float32Array.of(stepSize),
        epsilonHat: Float32Array.of(epsilonHat),
      })
      reference(w, m, v, x, step)
    }
    const names = momentNames('w')
    const read = session.read(['w', names.m, names.v])
    expect(largestDifference(read.w as Float32Array, w)).toBeLessThan(2e-6)
    expect(largestDifference(read[names.m] as Float32Array, m)).toBeLessThan(2e-6)
    expect(largestDifference(read[names.v] as Float32Array, v)).toBeLessThan(2e-6)
  })

  test('what is written is read back, and later changes of the array do not reach the variable', () => {
    const data = Float32Array.of(1, 2, 3)
    session.write({ w: data })
    data.fill(9)
    expect(session.read(['w'])).toEqual({ w: Float32Array.of(1, 2, 3) })
  })

  test('assignments are seen by the next run', () => {
    session.write({ total: Float32Array.of(10) })
    expect(session.run('count', { by: Float32Array.of(5) }).next).toEqual(Float32Array.of(15))
    expect(session.run('count', { by: Float32Array.of(1) }).next).toEqual(Float32Array.of(16))
  })

  test('two thousand runs leave no tensors behind', () => {
    session.write({ total: Float32Array.of(0) })
    session.run('count', { by: Float32Array.of(1) })
    const before = tf.memory().numTensors
    for (let i = 0; i < 2000; i++) session.run('count', { by: Float32Array.of(1) })
    expect(tf.memory().numTensors).toBe(before)
    expect(session.read(['total'])).toEqual({ total: Float32Array.of(2001) })
  })

  test('names and sizes that do not fit are refused by name', () => {
    expect(() => session.run('nothing', {})).toThrow('no program "nothing"')
    expect(() => session.run('count', {})).toThrow('lacks its feed "by"')
    expect(() => session.write({ w: Float32Array.of(1) })).toThrow('3 values')
    expect(() => session.read(['nothing'])).toThrow('no variable "nothing"')
  })
})
