import * as tf from '@tensorflow/tfjs-core'
import { adamwScalars, type Engine, type SessionSpec, type Tensors } from '../../core/engine/engine.ts'
import { attend, mergeHeads, paddingMask, splitHeads } from '../../core/nn/attention.ts'
import { clipByGlobalNorm } from '../../core/nn/global-norm.ts'
import { activated, linear, linearProduct } from '../../core/nn/linear.ts'
import { residualNorm } from '../../core/nn/norm.ts'
import { type Params, paramsOf } from '../../core/nn/params.ts'
import { type Rng, rngOf } from '../../core/nn/random.ts'
import { bothEngines, someValues } from './engines.ts'

const [batch, length, width] = [2, 6, 8] as const
const ids = Int32Array.from({ length: batch * length }, (_, i) => (i * 5) % 7)
const matrices = ['words', 'query', 'key', 'value', 'inner', 'outer']
const variables = Object.fromEntries([
  ...matrices.map((name) => [`${name}.weight`, { shape: [name === 'words' ? 11 : width, width], dtype: 'float32' }]),
  ...[...matrices.slice(1), 'norm'].map((name) => [`${name}.bias`, { shape: [width], dtype: 'float32' }]),
  ['norm.weight', { shape: [width], dtype: 'float32' }],
]) as SessionSpec['variables']
const names = Object.keys(variables)

/** A block of a Transformer over an embedding. */
function block(params: Params, rng: Rng): tf.Tensor {
  const x = tf.gather(params.at('words').get('weight'), tf.tensor(ids, [ids.length], 'int32'))
  const heads = (name: string) => splitHeads(linearProduct(params.at(name), x, rng), batch, length, 2)
  const mask = paddingMask(
    tf.tensor(
      Int32Array.from(ids, (id) => (id === 6 ? 0 : 1)),
      [batch, length],
      'int32',
    ),
  )
  const mixed = mergeHeads(attend(heads('query'), heads('key'), heads('value'), mask, 0.2, rng))
  const y = activated(linearProduct(params.at('inner'), mixed, rng), 'gelu')
  return residualNorm(
    params.at('norm'),
    linearProduct(params.at('outer'), y, rng),
    linear(params.at('query'), x, rng),
    0.2,
    rng,
    1e-5,
  )
}

const scalar = { shape: [], dtype: 'float32' } as const
const spec: SessionSpec = {
  variables,
  optimized: names,
  programs: {
    step: {
      feeds: { rng: { shape: [2], dtype: 'int32' }, learningRate: scalar, stepSize: scalar, epsilonHat: scalar },
      run({ rng, ...rates }: Tensors, before: Tensors) {
        const loss = (...trained: tf.Tensor[]) => {
          const params = paramsOf(Object.fromEntries(names.map((name, i) => [name, trained[i] as tf.Tensor])))
          const y = block(params, rngOf(rng as tf.Tensor))
          return tf.sum(tf.mul(y, tf.tensor(someValues(y.size, 9), y.shape))) as tf.Scalar
        }
        const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => before[name] as tf.Tensor))
        const { clipped, norm } = clipByGlobalNorm(grads, 1)
        const { learningRate, stepSize, epsilonHat } = rates as Record<
          'learningRate' | 'stepSize' | 'epsilonHat',
          tf.Tensor
        >
        return {
          fetches: { loss: value, norm },
          updates: names.map((name, i) => ({ kind: 'adamw', name, grad: clipped[i] as tf.Tensor, weightDecay: 0.1 })),
          adamw: { learningRate, stepSize, epsilonHat, beta1: 0.9, beta2: 0.999 },
        }
      },
    },
  },
}

export type Told = Record<string, ArrayLike<number>>

/** Losses, norms and weights of three steps on each engine. A key's bias is left out: its gradient is nothing but rounding. */
export async function trainBlockOnBoth(): Promise<{ graph: Told; eager: Told }> {
  const { graph, eager } = await bothEngines()
  return { graph: await train(graph), eager: await train(eager) }
}

async function train(engine: Engine): Promise<Told> {
  const session = await engine.open(spec)
  try {
    const sizes = names.map((name) => (variables[name]?.shape ?? []).reduce((product, size) => product * size, 1))
    session.write(Object.fromEntries(names.map((name, i) => [name, someValues(sizes[i] as number, i + 1)])))
    const told: Told = {}
    for (const step of [1, 2, 3]) {
      const rates = adamwScalars(0.01, step, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })
      const feeds = Object.fromEntries(Object.entries(rates).map(([name, value]) => [name, Float32Array.of(value)]))
      const fetched = session.run('step', { ...feeds, rng: Int32Array.of(3, step) })
      Object.assign(told, { [`loss ${step}`]: fetched.loss, [`norm ${step}`]: fetched.norm })
    }
    return { ...told, ...session.read(names.filter((name) => name !== 'key.bias')) }
  } finally {
    session.close()
  }
}
