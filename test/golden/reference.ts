import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type RunConfig, type RunConfigInput, runConfigSchema } from '../../core/contract/settings.ts'
import { tokenRows } from '../../core/data/batches.ts'
import { momentNames, type Session } from '../../core/engine/engine.ts'
import { openEngine } from '../../core/engine/open.ts'
import type { LabelledRows } from '../../core/tasks/labelled-rows.ts'
import type { TaskBatch } from '../../core/tasks/task.ts'
import { textClassification } from '../../core/tasks/text-classification.ts'
import { type LoadedModel, loadModel } from '../../core/train/load-model.ts'
import { stepFeeds } from '../../core/train/optimizer.ts'
import { evaluateProgram, sessionSpec, trainProgram } from '../../core/train/programs.ts'
import { scheduleFactor } from '../../core/train/schedule.ts'
import { clearHeld } from '../../core/train/session-state.ts'
import { type Trainable, trainableOf } from '../../core/train/trainable.ts'
import { fillVariables } from '../../core/train/weights.ts'
import { plainConfig } from '../support/plain-config.ts'
import { spread } from './formula.ts'

/** The tables that make-tables.py writes, and the same computation on our side. */

export const numbers = z.array(z.number())
/** Of a method. */
export const trainingSchema = z.object({
  learning_rate: z.number(),
  losses: numbers,
  gradNorms: numbers,
  firstGradients: z.record(z.string(), z.object({ norm: z.number(), head: numbers })),
})
const tableSchema = z.object({
  length: z.number(),
  batchSize: z.number(),
  sentences: z.array(z.object({ text: z.string(), ids: numbers, logits: numbers })),
  batches: z.array(z.array(z.object({ ids: numbers, label: z.number() }))),
  full: trainingSchema,
  lora: trainingSchema,
})
export type Table = z.infer<typeof tableSchema>

export const goldenDir = import.meta.dirname

export function readTable(name: string): Table {
  return tableSchema.parse(JSON.parse(readFileSync(join(goldenDir, name), 'utf8')))
}

export type EngineKind = 'graph' | 'eager'
export type Method = 'full' | 'lora'

/** A session as make-tables.py sets its models up: no dropout, head and adapters from the formula. */
export interface Subject {
  readonly session: Session
  readonly model: LoadedModel
  readonly trainable: Trainable
  readonly config: RunConfig
  readonly table: Table
}

export async function openSubject(
  folder: string,
  table: Table,
  method: Method,
  kind: EngineKind,
  settings: Partial<RunConfigInput> = {},
): Promise<Subject> {
  const config = runConfigSchema.parse({
    model: 'golden',
    dataset: 'golden',
    method,
    dropout: 0,
    learning_rate: table[method].learning_rate,
    per_device_train_batch_size: table.batchSize,
    per_device_eval_batch_size: table.batchSize,
    ...settings,
  })
  const model = await loadModel(folder, 'text-classification', 2, { maxLength: table.length, dropout: 0 })
  const trainable = trainableOf(model, config)
  const engine = await openEngine(kind, 2)
  const lengths = { train: [table.length], evaluate: [table.length] }
  const session = await engine.open(sessionSpec(model, trainable, config, lengths))
  await fillVariables(session, model, trainable, config.seed, { log: () => {} })
  clearHeld(session, model, trainable, config)
  const set = (name: string, salt: number, bound: number) =>
    session.write({ [name]: spread(session.read([name])[name]?.length ?? 0, salt, bound) })
  set('classifier.weight', 1, 0.1)
  set('classifier.bias', 2, 0.1)
  Object.keys(trainable.adapters)
    .sort()
    .forEach((name, i) => {
      set(name, 100 + i, name.includes('.lora_A.') ? 0.05 : 0.02)
    })
  return { session, model, trainable, config, table }
}

/** The table's rows of one batch, as the session wants them: padded, and filled up when the batch is short. */
export function batchOf(rows: readonly { ids: readonly number[]; label: number }[], table: Table): TaskBatch {
  const encoded: LabelledRows = {
    ...tokenRows(
      Int32Array.from(rows.keys()),
      rows.map((row) => Int32Array.from(row.ids)),
    ),
    labels: Int32Array.from(rows, (row) => row.label),
  }
  const layout = { buckets: [table.length], batchSize: table.batchSize, padId: 0 }
  return textClassification.batch(encoded, encoded.rows, layout, plainConfig, null)
}

/** Logits of the table's sentences. */
export function sentenceLogits({ session, table }: Subject): number[][] {
  const batch = batchOf(
    table.sentences.map(({ ids }) => ({ ids, label: 0 })),
    table,
  )
  const { logits } = session.run(evaluateProgram(table.length), batch.feeds)
  return table.sentences.map((_, i) => Array.from(logits?.subarray(2 * i, 2 * i + 2) ?? []))
}

/** Does one update: number `step`, from 1. */
export function trainStep({ session, config, table }: Subject, step: number): { loss: number; gradNorm: number } {
  const schedule = { type: 'linear', warmupSteps: 2, totalSteps: table.batches.length } as const
  const rate = config.learning_rate * scheduleFactor(schedule, step - 1)
  const output = session.run(trainProgram(table.length), {
    ...batchOf(table.batches[step - 1] ?? [], table).feeds,
    ...stepFeeds(config, step, rate),
  })
  return { loss: output.loss?.[0] as number, gradNorm: output.grad_norm?.[0] as number }
}

/**
 * The gradient of a parameter in the first update: its first moment is (1 − β1) times the clipped gradient. The scale
 * of the clipping is undone by the norm that the step gave.
 */
export function firstGradient({ session, config }: Subject, name: string, gradNorm: number): Float32Array {
  const scale = Math.min(1, config.max_grad_norm / (gradNorm + 1e-6)) * (1 - config.adam_beta1)
  const { m } = momentNames(name)
  return (session.read([m])[m] as Float32Array).map((value) => value / scale)
}
