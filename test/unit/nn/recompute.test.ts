import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { Program, SessionSpec, Tensors } from '../../../core/engine/engine.ts'
import { dropout } from '../../../core/nn/dropout.ts'
import { linear } from '../../../core/nn/linear.ts'
import { paramsOf } from '../../../core/nn/params.ts'
import { rngOf } from '../../../core/nn/random.ts'
import { type Block, recomputed } from '../../../core/nn/recompute.ts'
import { bothEngines, largestDifference, someValues } from '../../support/engines.ts'

const width = 8
const names = ['a.in.weight', 'a.in.bias', 'b.in.weight', 'b.in.bias']
/** One of them lies below a block that has no use for it. */
const specs = Object.fromEntries(
  [...names, 'a.idle'].map((name) => [
    name,
    { shape: name.endsWith('weight') ? [width, width] : [width], dtype: 'float32' as const },
  ]),
)

/** Draws twice, uses its input twice, and reads a mask. */
const block: Block = (params, x, [mask], rng) => {
  const inner = dropout(tf.tanh(linear(params.at('in'), dropout(x, 0.3, rng), rng)), 0.3, rng)
  return tf.mul(tf.add(x, inner), mask as tf.Tensor)
}

/** Loss and all gradients of two blocks, one on top of the other. */
function program(recompute: boolean): Program {
  return {
    feeds: {
      x: { shape: [4, width], dtype: 'float32' },
      rng: { shape: [2], dtype: 'int32' },
    },
    run(feeds: Tensors, variables: Tensors) {
      const before = { ...variables }
      const loss = (x: tf.Tensor, ...weights: tf.Tensor[]): tf.Tensor => {
        const named = Object.fromEntries(names.map((name, i) => [name, weights[i] as tf.Tensor]))
        const params = paramsOf({ ...before, ...named }, { recompute })
        const rng = rngOf(feeds.rng as tf.Tensor)
        const mask = tf.mul(tf.onesLike(x), 0.5)
        const first = recomputed(params.at('a'), x, [mask], rng, block)
        return tf.sum(tf.square(recomputed(params.at('b'), first, [mask], rng, block)))
      }
      const { value, grads } = tf.valueAndGrads(loss)([
        feeds.x as tf.Tensor,
        ...names.map((name) => before[name] as tf.Tensor),
      ])
      return { fetches: { loss: value, ...Object.fromEntries(grads.map((grad, i) => [`grad_${i}`, grad])) } }
    },
  }
}

describe('a block that is computed again for its gradients', () => {
  test('gives the loss and the gradients of one that is not, with the same dropout, on both engines', async () => {
    const results: Record<string, ArrayLike<number>>[] = []
    for (const engine of Object.values(await bothEngines())) {
      for (const recompute of [false, true]) {
        const spec: SessionSpec = { variables: specs, optimized: [], programs: { main: program(recompute) } }
        const session = await engine.open(spec)
        session.write(
          Object.fromEntries(names.map((name, i) => [name, someValues(name.endsWith('weight') ? 64 : 8, i)])),
        )
        results.push(session.run('main', { x: someValues(32, 9), rng: Int32Array.of(7, 3) }))
        session.close()
      }
    }
    const [plain, ...others] = results as [Record<string, ArrayLike<number>>]
    expect(Object.keys(plain)).toHaveLength(6)
    expect(Math.max(...Array.from(plain.grad_1 ?? [], Math.abs))).toBeGreaterThan(0.01)
    for (const other of others) {
      for (const [name, values] of Object.entries(plain)) {
        expect(largestDifference(values, other[name] ?? []), name).toBeLessThan(1e-5)
      }
    }
  })
})
