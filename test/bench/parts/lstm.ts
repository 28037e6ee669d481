import { gather, reshape, type Tensor, valueAndGrads } from '@tensorflow/tfjs-core'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import type { Program, SessionSpec, TensorSpec, Tensors } from '../../../core/engine/engine.ts'
import { openEngine } from '../../../core/engine/open.ts'
import { writeVariables } from '../../../core/engine/variables.ts'
import type { ParameterSpec } from '../../../core/models/architecture.ts'
import { clipByGlobalNorm } from '../../../core/nn/global-norm.ts'
import { headCrossEntropy } from '../../../core/nn/head-loss.ts'
import { lstm, lstmParameters } from '../../../core/nn/lstm.ts'
import { type Params, paramsOf } from '../../../core/nn/params.ts'
import { scalarNames, stepFeeds } from '../../../core/train/optimizer.ts'
import { updateRules } from '../../../core/train/update-rules.ts'
import type { RecurrentShape } from '../shapes.ts'
import type { Parts } from './parts.ts'
import { someWeights } from './random-values.ts'
import { timedSteps } from './timed-steps.ts'

/** A language model of core/nn's own parts: embedding, LSTM layers, head. The peer's is RecurrentModel in bench.py. */
function parametersOf({ config }: RecurrentShape): Record<string, ParameterSpec> {
  const { vocab_size: vocabulary, hidden_size: d, num_layers: layers } = config
  const table = (bound: number): ParameterSpec => ({
    shape: [vocabulary, d],
    dtype: 'float32',
    init: { kind: 'uniform', bound },
  })
  const sizes = { inputSize: d, hiddenSize: d, layers, bidirectional: false }
  const recurrent = Object.entries(lstmParameters(sizes)).map(([name, spec]) => [`lstm.${name}`, spec] as const)
  return {
    'embedding.weight': table(1),
    ...Object.fromEntries(recurrent),
    'head.weight': table(1 / Math.sqrt(d)),
  }
}

/** Mean cross-entropy [] of the labels, int32 [batch, length] like the ids. */
function lossOf(params: Params, { input_ids: ids, labels, weights }: Tensors): Tensor {
  const { y } = lstm(params.at('lstm'), gather(params.at('embedding').get('weight'), ids as Tensor))
  const hidden = reshape(y, [-1, y.shape[2] as number])
  const flat = reshape(labels as Tensor, [-1])
  return headCrossEntropy(hidden, params.at('head').get('weight'), flat, weights as Tensor)
}

/** Forward, backward, clipping and AdamW, as a run has them. */
function trainStep(shape: RecurrentShape, names: readonly string[]): Program {
  const tokens: TensorSpec = { shape: [shape.batch, shape.length], dtype: 'int32' }
  const scalar: TensorSpec = { shape: [], dtype: 'float32' }
  return {
    feeds: {
      input_ids: tokens,
      labels: tokens,
      weights: { shape: [shape.batch * shape.length], dtype: 'float32' },
      ...Object.fromEntries(scalarNames.map((name) => [name, scalar])),
    },
    run(feeds, variables) {
      const loss = (...trained: Tensor[]) =>
        lossOf(paramsOf(Object.fromEntries(names.map((name, i) => [name, trained[i] as Tensor]))), feeds)
      const { value, grads } = valueAndGrads(loss)(names.map((name) => variables[name] as Tensor))
      const { clipped } = clipByGlobalNorm(grads, config.max_grad_norm)
      return { fetches: { loss: value }, ...updateRules.adamw(names, clipped, config, feeds, variables) }
    },
  }
}

const config = runConfigSchema.parse({ model: 'random', dataset: 'random', learning_rate: 5e-5, weight_decay: 0.01 })

/** Steps of such a model on one batch over and over, by nothing but the session. */
export async function measureLstm({
  shape,
  threads,
  steps,
  warmUp,
}: Parts['lstm']['spec']): Promise<Parts['lstm']['result']> {
  const parameters = parametersOf(shape)
  const names = Object.keys(parameters)
  const variables = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape: size, dtype }]) => [name, { shape: size, dtype }]),
  )
  const spec: SessionSpec = { variables, optimized: names, programs: { train: trainStep(shape, names) } }
  const session = await (await openEngine('graph', threads)).open(spec)
  try {
    writeVariables(session, parameters, someWeights)
    const size = shape.batch * shape.length
    const ids = Int32Array.from({ length: size }, (_, i) => (i * 7919) % shape.config.vocab_size)
    const batch = {
      input_ids: ids,
      labels: Int32Array.from(ids, (_, i) => ids[(i + 1) % size] as number),
      weights: new Float32Array(size).fill(1 / size),
    }
    return timedSteps(session, steps, warmUp, (number) => {
      const { rng: _, ...scalars } = stepFeeds(config, number, config.learning_rate)
      return { program: 'train', feeds: { ...batch, ...scalars }, tokens: size }
    })
  } finally {
    session.close()
  }
}
