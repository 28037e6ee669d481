import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { exportCheckpoint } from '../../core/checkpoint/export.ts'
import { saveCheckpoint } from '../../core/checkpoint/save.ts'
import { type RunConfig, runConfigSchema, taskSchema } from '../../core/contract/settings.ts'
import { momentNames, type Session, type TensorSpec, type Values } from '../../core/engine/engine.ts'
import { openEngine } from '../../core/engine/open.ts'
import { type LoadedModel, loadModel } from '../../core/train/load-model.ts'
import { stepFeeds } from '../../core/train/optimizer.ts'
import { attentionProgram, evaluateProgram, sessionSpec, trainProgram } from '../../core/train/programs.ts'
import { scheduleFactor } from '../../core/train/schedule.ts'
import { type Trainable, trainableOf } from '../../core/train/trainable.ts'
import { fillVariables } from '../../core/train/weights.ts'
import { checkpointWriter } from '../../core/train/write-model.ts'
import { goldenAdapters } from './decoder-reference.ts'
import { type EngineKind, type Method, numbers, trainingSchema } from './reference.ts'

/** The folders that family.py writes, and the same computation on our side. */

const fetchesSchema = z.record(z.string(), numbers)
const methodSchema = trainingSchema.extend({ after: fetchesSchema })
const tableSchema = z.object({
  task: taskSchema,
  length: z.number(),
  batchSize: z.number(),
  labels: z.number(),
  settings: z.record(z.string(), z.unknown()),
  batches: z.array(fetchesSchema),
  evaluation: fetchesSchema,
  full: methodSchema,
  lora: methodSchema.optional(),
})
export type FamilyTable = z.infer<typeof tableSchema>

const familyDir = join(import.meta.dirname, 'family')
export const familyFolder = (name: string) => join(familyDir, name)

/** Every family, by the name of its folder. */
export const familyNames: readonly string[] = existsSync(familyDir) ? readdirSync(familyDir).sort() : []

export function familyTable(name: string): FamilyTable {
  return tableSchema.parse(JSON.parse(readFileSync(join(familyFolder(name), 'table.json'), 'utf8')))
}

export interface FamilySubject {
  readonly table: FamilyTable
  readonly session: Session
  readonly model: LoadedModel
  readonly trainable: Trainable
  readonly config: RunConfig
  /** What set-up had to say: nothing, as the folder holds the whole model. */
  readonly told: readonly string[]
}

/** What a session of a family consists of. */
export async function describeFamily(name: string, method: Method, folder = familyFolder(name)) {
  const table = familyTable(name)
  const config = runConfigSchema.parse({
    model: 'golden',
    dataset: 'golden',
    task: table.task,
    method,
    dropout: 0,
    learning_rate: table[method]?.learning_rate,
    packing: false,
    per_device_train_batch_size: table.batchSize,
    per_device_eval_batch_size: table.batchSize,
    ...table.settings,
  })
  const model = await loadModel(folder, table.task, table.labels, { maxLength: table.length, dropout: 0 })
  const trainable = trainableOf(model, config)
  const lengths = { train: [table.length], evaluate: [table.length] }
  return { table, config, model, trainable, spec: sessionSpec(model, trainable, config, lengths) }
}

/** A session as family.py sets its models up; "fresh" adapters are a run's first. */
export async function openFamily(
  name: string,
  method: Method,
  kind: EngineKind,
  { fresh = false, folder = familyFolder(name) }: { fresh?: boolean; folder?: string } = {},
): Promise<FamilySubject> {
  const { table, config, model, trainable, spec } = await describeFamily(name, method, folder)
  const engine = await openEngine(kind, 2)
  const session = await engine.open(spec)
  const told: string[] = []
  await fillVariables(session, model, trainable, config.seed, { log: (_level, text) => void told.push(text) })
  if (!fresh) session.write(goldenAdapters(trainable.adapters))
  return { table, session, model, trainable, config, told }
}

/** What an evaluation fetches of the first batch. */
export function firstEvaluation({ table, session, model, config }: FamilySubject): Record<string, number[]> {
  const specs = model.task.batchSpecs(table.batchSize, table.length, config, model)
  const fetched = session.run(evaluateProgram(table.length), fed(table, 0, specs))
  return Object.fromEntries(Object.entries(fetched).map(([name, values]) => [name, Array.from(values)]))
}

/** Does update number `step`, from 1. */
export function familyStep(
  { table, session, model, config }: FamilySubject,
  step: number,
): { loss: number; gradNorm: number } {
  const specs = model.task.batchSpecs(table.batchSize, table.length, config, model)
  const schedule = { type: 'linear', warmupSteps: 1, totalSteps: table.batches.length } as const
  const rate = config.learning_rate * scheduleFactor(schedule, step - 1)
  const feeds = { ...fed(table, step - 1, specs), ...stepFeeds(config, step, rate) }
  const output = session.run(trainProgram(table.length), feeds)
  return { loss: output.loss?.[0] as number, gradNorm: output.grad_norm?.[0] as number }
}

/** What an evaluation of the first batch fetches, and what one does that hands out every attention. */
export async function watchedEvaluation(
  name: string,
  kind: EngineKind,
): Promise<{ plain: Record<string, number[]>; fetched: Record<string, Values> }> {
  const subject = await openFamily(name, 'full', kind)
  const { table, session, model, trainable, config } = subject
  const plain = firstEvaluation(subject)
  session.close()
  const engine = await openEngine(kind, 2)
  const watching = attentionProgram(model, trainable, config, table.length)
  const watched = await engine.open({
    ...sessionSpec(model, trainable, config, { train: [], evaluate: [] }),
    programs: { watching },
  })
  try {
    await fillVariables(watched, model, trainable, config.seed, { log: () => {} })
    return { plain, fetched: watched.run('watching', fed(table, 0, watching.feeds)) }
  } finally {
    watched.close()
  }
}

/** A batch of the table; one that the task does not ask for is a fault of the table. */
function fed(
  { batches }: FamilyTable,
  index: number,
  specs: Readonly<Record<string, TensorSpec>>,
): Record<string, Values> {
  const batch = batches[index] as Record<string, number[]>
  const names = Object.keys(specs).sort()
  if (String(Object.keys(batch).sort()) !== String(names)) throw new Error(`the table feeds ${Object.keys(batch)}`)
  return Object.fromEntries(
    names.map((name) => [name, (specs[name]?.dtype === 'int32' ? Int32Array : Float32Array).from(batch[name] ?? [])]),
  )
}

/** The gradient of a parameter in the first update, out of its first moment. */
export function familyGradient({ session, config }: FamilySubject, name: string, gradNorm: number): Float32Array {
  const scale = Math.min(1, config.max_grad_norm / (gradNorm + 1e-6)) * (1 - config.adam_beta1)
  const { m } = momentNames(name)
  return (session.read([m])[m] as Float32Array).map((value) => value / scale)
}

const labelsOf = ({ labels }: FamilyTable) => Array.from({ length: labels }, (_, i) => `LABEL_${i}`)

/** Writes the session's weights as a run's checkpoint has them. */
export async function writeFamily({ session, model, trainable, config, table }: FamilySubject, dir: string) {
  await checkpointWriter(session, model, trainable, { config, labels: labelsOf(table), modelDir: model.dir })(dir)
}

/** The same as a checkpoint, and out of it as a run is exported: the folder for others, below `parent`. */
export async function exportFamily(subject: FamilySubject, parent: string): Promise<string> {
  const { model, table } = subject
  const [checkpoint, exported] = [join(parent, 'checkpoint'), join(parent, 'exported')]
  await saveCheckpoint(checkpoint, (dir) => writeFamily(subject, dir))
  const card = { name: 'golden', baseModel: model.dir, dataset: 'golden', metrics: {}, settings: {} }
  await exportCheckpoint(checkpoint, model.dir, exported, { task: table.task, labels: labelsOf(table), card })
  return exported
}
