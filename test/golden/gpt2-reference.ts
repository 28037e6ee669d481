import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { openWeights } from '../../core/checkpoint/weights.ts'
import { runConfigSchema } from '../../core/contract/settings.ts'
import { momentNames, type Program, type Session, type TensorSpec, type Values } from '../../core/engine/engine.ts'
import { openEngine } from '../../core/engine/open.ts'
import type { ParameterSpec } from '../../core/models/architecture.ts'
import {
  forward,
  type Gpt2Config,
  head,
  headWeight,
  parameters,
  parseConfig,
  rename,
  withDropout,
} from '../../core/models/gpt2.ts'
import { clipByGlobalNorm } from '../../core/nn/global-norm.ts'
import { initialise } from '../../core/nn/init.ts'
import { loraParameters, loraParams, loraTargets } from '../../core/nn/lora.ts'
import { headCrossEntropy } from '../../core/nn/losses.ts'
import { paramsOf } from '../../core/nn/params.ts'
import { decays, scalarNames, stepFeeds } from '../../core/train/optimizer.ts'
import { scheduleFactor } from '../../core/train/schedule.ts'
import { spread } from './formula.ts'
import type { EngineKind, Method } from './reference.ts'

/** The table that make-gpt2-tables.py writes, and the same computation on our side. */

const numbers = z.array(z.number())
const trainingSchema = z.object({
  learning_rate: z.number(),
  losses: numbers,
  gradNorms: numbers,
  firstGradients: z.record(z.string(), z.object({ norm: z.number(), head: numbers })),
})
const tableSchema = z.object({
  length: z.number(),
  batchSize: z.number(),
  texts: z.array(z.object({ text: z.string(), ids: numbers, loss: z.number(), last: numbers, largest: numbers })),
  batches: z.array(z.array(z.object({ ids: numbers }))),
  full: trainingSchema,
  lora: trainingSchema,
  generation: z.array(
    z.object({ text: z.string(), prompt: numbers, alone: numbers, together: numbers, penalised: numbers }),
  ),
  ended: z.object({ eos_token_id: z.number(), tokens: z.array(numbers) }),
  afterLora: z.array(numbers),
})

export const gpt2Folder = join(import.meta.dirname, 'tiny-gpt2')
export const gpt2Table = tableSchema.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, 'tiny-gpt2.json'), 'utf8')),
)
export const gpt2Config: Gpt2Config = withDropout(
  parseConfig(JSON.parse(readFileSync(join(gpt2Folder, 'config.json'), 'utf8'))),
  0,
)

/** Every weight of the folder, by our names. */
export async function gpt2Weights(): Promise<Record<string, Float32Array>> {
  const weights = await openWeights(gpt2Folder)
  try {
    const named = weights.names().map((name) => [rename(name), weights.read(name)] as const)
    return Object.fromEntries(named.filter(([name]) => name !== null)) as Record<string, Float32Array>
  } finally {
    weights.close()
  }
}

const { length, batchSize } = gpt2Table
const lora = { r: 4, alpha: 8, dropout: 0 }

/** A session as make-gpt2-tables.py sets its models up; "fresh" adapters are as a run begins with them. */
export interface Gpt2Subject {
  readonly session: Session
  readonly trained: readonly string[]
  readonly adapters: Readonly<Record<string, ParameterSpec>>
}

export async function openGpt2(method: Method, kind: EngineKind, fresh = false): Promise<Gpt2Subject> {
  const base = parameters(gpt2Config)
  const targets = method === 'lora' ? loraTargets(base, ['c_attn']) : []
  const adapters = loraParameters(base, targets, lora.r)
  const trained = method === 'lora' ? Object.keys(adapters) : Object.keys(base)
  const engine = await openEngine(kind, 2)
  const session = await engine.open({
    variables: specs({ ...base, ...adapters }),
    optimized: trained,
    programs: { logits: logitsProgram(targets), train: trainProgram(targets, trained) },
  })
  session.write(await gpt2Weights())
  Object.keys(adapters)
    .sort()
    .forEach((name, i) => {
      const spec = adapters[name] as ParameterSpec
      const [rows, columns] = spec.shape as [number, number]
      const given = spread(rows * columns, 100 + i, name.includes('.lora_A.') ? 0.2 : 0.1)
      session.write({ [name]: fresh ? initialise(spec, 1, name) : given })
    })
  return { session, trained, adapters }
}

function specs(parameters: Readonly<Record<string, ParameterSpec>>): Record<string, TensorSpec> {
  return Object.fromEntries(Object.entries(parameters).map(([name, { shape, dtype }]) => [name, { shape, dtype }]))
}

function params(variables: Readonly<Record<string, tf.Tensor>>, targets: readonly string[]) {
  const base = paramsOf(variables)
  return targets.length === 0 ? base : loraParams(base, variables, { ...lora, targets })
}

const tokens: TensorSpec = { shape: [batchSize, length], dtype: 'int32' }

/** Logits [batch·length, vocab] of rows of documents. */
function logitsProgram(targets: readonly string[]): Program {
  return {
    feeds: { input_ids: tokens, position_ids: tokens, segment_ids: tokens },
    run(feeds, variables) {
      const place = params(variables, targets)
      const input = {
        inputIds: feeds.input_ids as tf.Tensor,
        positionIds: feeds.position_ids as tf.Tensor,
        segmentIds: feeds.segment_ids as tf.Tensor,
      }
      return { fetches: { logits: head(gpt2Config, place, forward(gpt2Config, place, input, null)) } }
    },
  }
}

function trainProgram(targets: readonly string[], trained: readonly string[]): Program {
  const one: TensorSpec = { shape: [], dtype: 'float32' }
  return {
    feeds: {
      input_ids: tokens,
      labels: { shape: [batchSize * length], dtype: 'int32' },
      weights: { shape: [batchSize * length], dtype: 'float32' },
      rng: { shape: [2], dtype: 'int32' },
      ...Object.fromEntries(scalarNames.map((name) => [name, one])),
    },
    run(feeds, variables) {
      const before = { ...variables }
      const input = { inputIds: feeds.input_ids as tf.Tensor, positionIds: null, segmentIds: null }
      const loss = (...values: tf.Tensor[]): tf.Tensor => {
        const present = { ...before, ...Object.fromEntries(trained.map((name, i) => [name, values[i] as tf.Tensor])) }
        const place = params(present, targets)
        const hidden = forward(gpt2Config, place, input, null)
        // Small enough for the rows to be gone through in pieces.
        const most = 40 * gpt2Config.vocab_size
        const matrix = headWeight(gpt2Config, place)
        return headCrossEntropy(hidden, matrix, feeds.labels as tf.Tensor, feeds.weights as tf.Tensor, most)
      }
      const { value, grads } = tf.valueAndGrads(loss)(trained.map((name) => before[name] as tf.Tensor))
      const { clipped, norm } = clipByGlobalNorm(grads, 1)
      return {
        fetches: { loss: value, grad_norm: norm },
        updates: trained.map((name, i) => ({
          kind: 'adamw' as const,
          name,
          grad: clipped[i] as tf.Tensor,
          weightDecay: decays(name) ? 0.01 : 0,
        })),
        adamw: {
          learningRate: feeds.learning_rate as tf.Tensor,
          stepSize: feeds.step_size as tf.Tensor,
          epsilonHat: feeds.epsilon_hat as tf.Tensor,
          beta1: 0.9,
          beta2: 0.999,
        },
      }
    },
  }
}

/** Logits of the documents [rows of documents] → [document][position][vocab], each row filled up behind its documents. */
export function logitsOf({ session }: Gpt2Subject, rows: readonly (readonly (readonly number[])[])[]): number[][][] {
  const feeds = {
    input_ids: new Int32Array(batchSize * length),
    position_ids: new Int32Array(batchSize * length),
    segment_ids: new Int32Array(batchSize * length),
  }
  const places: number[][] = []
  rows.forEach((documents, row) => {
    let at = row * length
    documents.forEach((ids, number) => {
      places.push(Array.from(ids, (_, i) => at + i))
      feeds.input_ids.set(ids, at)
      feeds.position_ids.set(Array.from(ids.keys()), at)
      feeds.segment_ids.fill(number + 1, at, at + ids.length)
      at += ids.length
    })
  })
  const logits = session.run('logits', feeds).logits as Values
  const width = gpt2Config.vocab_size
  return places.map((document) => document.map((at) => Array.from(logits.subarray(at * width, (at + 1) * width))))
}

/** Does update number `step`, from 1. */
export function gpt2Step({ session }: Gpt2Subject, method: Method, step: number): { loss: number; gradNorm: number } {
  const rows = gpt2Table.batches[step - 1] ?? []
  const input = new Int32Array(batchSize * length)
  const labels = new Int32Array(batchSize * length)
  const weights = new Float32Array(batchSize * length)
  const total = rows.reduce((sum, { ids }) => sum + ids.length - 1, 0)
  rows.forEach(({ ids }, row) => {
    input.set(ids, row * length)
    labels.set(ids.slice(1), row * length)
    weights.fill(1 / total, row * length, row * length + ids.length - 1)
  })
  const schedule = { type: 'linear', warmupSteps: 1, totalSteps: gpt2Table.batches.length } as const
  const rate = gpt2Table[method].learning_rate * scheduleFactor(schedule, step - 1)
  const settings = runConfigSchema.parse({ model: 'golden', dataset: 'golden', learning_rate: rate })
  const output = session.run('train', { input_ids: input, labels, weights, ...stepFeeds(settings, step, rate) })
  return { loss: output.loss?.[0] as number, gradNorm: output.grad_norm?.[0] as number }
}

/** The gradient of a parameter in the first update, out of its first moment. */
export function gpt2Gradient({ session }: Gpt2Subject, name: string, gradNorm: number): Float32Array {
  const scale = Math.min(1, 1 / (gradNorm + 1e-6)) * (1 - 0.9)
  const { m } = momentNames(name)
  return (session.read([m])[m] as Float32Array).map((value) => value / scale)
}
