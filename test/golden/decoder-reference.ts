import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs-core'
import { matMul } from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { usualTargets } from '../../core/contract/architectures.ts'
import { type RunConfig, runConfigSchema } from '../../core/contract/settings.ts'
import { tokenRows } from '../../core/data/batches.ts'
import { momentNames, type Program, type Session, type TensorSpec, type Values } from '../../core/engine/engine.ts'
import { openEngine } from '../../core/engine/open.ts'
import type { LanguageModelHead, ParameterSpec } from '../../core/models/architecture.ts'
import { loraParams } from '../../core/nn/lora.ts'
import { paramsOf } from '../../core/nn/params.ts'
import { type LoadedModel, loadModel } from '../../core/train/load-model.ts'
import { stepFeeds } from '../../core/train/optimizer.ts'
import { sessionSpec, trainProgram } from '../../core/train/programs.ts'
import { scheduleFactor } from '../../core/train/schedule.ts'
import { type Trainable, trainableOf } from '../../core/train/trainable.ts'
import { fillVariables } from '../../core/train/weights.ts'
import { spread } from './formula.ts'
import { type EngineKind, type Method, numbers, trainingSchema } from './reference.ts'

/** The tables that make-decoder-tables.py writes, and the same computation on our side. */

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

export const decoderNames = ['gpt2', 'llama', 'qwen2', 'qwen3'] as const
export type DecoderName = (typeof decoderNames)[number]

export const decoderFolder = (name: DecoderName) => join(import.meta.dirname, `tiny-${name}`)

export function decoderTable(name: DecoderName): z.infer<typeof tableSchema> {
  return tableSchema.parse(JSON.parse(readFileSync(join(import.meta.dirname, `tiny-${name}.json`), 'utf8')))
}

/** Of every table. */
const length = 24
const batchSize = 4

/** A session as make-decoder-tables.py sets its models up, with a program for logits; "fresh" adapters are a run's first. */
export interface DecoderSubject {
  readonly table: z.infer<typeof tableSchema>
  readonly session: Session
  readonly model: LoadedModel
  readonly trainable: Trainable
  readonly config: RunConfig
}

export function decoderRun(name: DecoderName, method: Method): RunConfig {
  return runConfigSchema.parse({
    model: 'golden',
    dataset: 'golden',
    task: 'text-generation',
    method,
    dropout: 0,
    learning_rate: decoderTable(name)[method].learning_rate,
    packing: false,
    lora_r: 4,
    lora_alpha: 8,
    target_modules: [...usualTargets(name)],
    per_device_train_batch_size: batchSize,
  })
}

export async function openDecoder(
  name: DecoderName,
  method: Method,
  kind: EngineKind,
  fresh = false,
): Promise<DecoderSubject> {
  const config = decoderRun(name, method)
  const model = await loadModel(decoderFolder(name), 'text-generation', 0, { maxLength: length, dropout: 0 })
  const trainable = trainableOf(model, config)
  const spec = sessionSpec(model, trainable, config, { train: [length], evaluate: [] })
  const engine = await openEngine(kind, 2)
  const logits = logitsProgram(model, trainable, config)
  const session = await engine.open({ ...spec, programs: { ...spec.programs, logits } })
  await fillVariables(session, model, trainable, config.seed, { log: () => {} })
  if (!fresh) session.write(goldenAdapters(trainable.adapters))
  return { table: decoderTable(name), session, model, trainable, config }
}

/** The adapters that make-decoder-tables.py begins with. */
export function goldenAdapters(adapters: Readonly<Record<string, ParameterSpec>>): Record<string, Float32Array> {
  const sorted = Object.entries(adapters).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    sorted.map(([name, { shape }], i) => {
      const [rows, columns] = shape as [number, number]
      return [name, spread(rows * columns, 100 + i, name.includes('.lora_A.') ? 0.2 : 0.1)]
    }),
  )
}

const tokens: TensorSpec = { shape: [batchSize, length], dtype: 'int32' }

/** Logits [batch·length, vocab] of rows of documents. */
function logitsProgram(model: LoadedModel, { targets }: Trainable, config: RunConfig): Program {
  const head = model.head as LanguageModelHead<unknown>
  return {
    feeds: { input_ids: tokens, position_ids: tokens, segment_ids: tokens },
    run(feeds, variables) {
      const { lora_r: r, lora_alpha: alpha } = config
      const params = loraParams(paramsOf(variables), variables, { r, alpha, dropout: 0, targets })
      const batch = {
        inputIds: feeds.input_ids as tf.Tensor,
        positionIds: feeds.position_ids as tf.Tensor,
        segmentIds: feeds.segment_ids as tf.Tensor,
      }
      const hidden = head.hidden(model.config, params, batch, null) as tf.Tensor2D
      return { fetches: { logits: matMul(hidden, head.matrix(model.config, params) as tf.Tensor2D, false, true) } }
    },
  }
}

/** Logits of the documents [rows of documents] → [document][position][vocab], each row filled up behind its documents. */
export function logitsOf({ session }: DecoderSubject, rows: readonly (readonly (readonly number[])[])[]): number[][][] {
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
  const width = logits.length / (batchSize * length)
  return places.map((document) => document.map((at) => Array.from(logits.subarray(at * width, (at + 1) * width))))
}

/** Does update number `step`, from 1. */
export function decoderStep(subject: DecoderSubject, step: number): { loss: number; gradNorm: number } {
  const { table, session, model, config } = subject
  const ids = (table.batches[step - 1] ?? []).map((row) => Int32Array.from(row.ids))
  const rows = Int32Array.from(ids.keys())
  const encoded = { ...tokenRows(rows, ids), pieces: ids.map((row, i) => [{ row: i, length: row.length }]) }
  const layout = { buckets: [length], batchSize, padId: 0 }
  const batch = model.task.batch(encoded, rows, layout, config, null)
  const schedule = { type: 'linear', warmupSteps: 1, totalSteps: table.batches.length } as const
  const rate = config.learning_rate * scheduleFactor(schedule, step - 1)
  const output = session.run(trainProgram(length), { ...batch.feeds, ...stepFeeds(config, step, rate) })
  return { loss: output.loss?.[0] as number, gradNorm: output.grad_norm?.[0] as number }
}

/** The gradient of a parameter in the first update, out of its first moment. */
export function decoderGradient({ session, config }: DecoderSubject, name: string, gradNorm: number): Float32Array {
  const scale = Math.min(1, config.max_grad_norm / (gradNorm + 1e-6)) * (1 - config.adam_beta1)
  const { m } = momentNames(name)
  return (session.read([m])[m] as Float32Array).map((value) => value / scale)
}
