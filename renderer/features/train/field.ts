import { z } from 'zod'
import type { Model } from '../../../core/contract/domain.ts'
import { usualLearningRate } from '../../../core/contract/presets.ts'
import {
  concerns,
  type Method,
  runConfigInputSchema,
  type SettingInfo,
  type SettingName,
  settingInfos,
  type TaskName,
} from '../../../core/contract/settings.ts'

/** How a setting is entered. Worked out from its schema, so that a new setting needs no form code. */
export type FieldKind =
  | { kind: 'text' }
  | { kind: 'number'; integer: boolean }
  | { kind: 'choice'; options: readonly string[] }
  | { kind: 'list' }
  | { kind: 'switch' }

export interface Field extends SettingInfo {
  readonly input: FieldKind
  /** What holds when the field is left empty; undefined where the schema has none. */
  readonly fallback: unknown
}

function fieldOf(info: SettingInfo): Field {
  let schema: unknown = runConfigInputSchema.shape[info.name]
  let fallback: unknown
  while (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    if (schema instanceof z.ZodDefault) fallback = schema.def.defaultValue
    schema = schema.unwrap()
  }
  return { ...info, input: kindOf(schema), fallback }
}

function kindOf(schema: unknown): FieldKind {
  if (schema instanceof z.ZodNumber) return { kind: 'number', integer: schema.isInt }
  if (schema instanceof z.ZodEnum) return { kind: 'choice', options: schema.options.map(String) }
  if (schema instanceof z.ZodArray) return { kind: 'list' }
  if (schema instanceof z.ZodBoolean) return { kind: 'switch' }
  return { kind: 'text' }
}

/** In the order of the form. */
export const fields: readonly Field[] = settingInfos.map(fieldOf)

export function fieldsFor(method: Method, task: TaskName): Field[] {
  return fields.filter((field) => concerns(field, { method, task }))
}

export const groupTitles: Record<SettingInfo['group'], string> = {
  data: 'Data',
  training: 'Training',
  optimizer: 'Optimizer and schedule',
  lora: 'LoRA',
  evaluation: 'Evaluation and logging',
  engine: 'Engine',
}

/** What an empty field stands for, as text; the learning rate's depends on method and model. */
export function placeholderOf(
  { name, fallback, input }: Field,
  method: Method,
  model?: Pick<Model, 'architecture' | 'source'> | undefined,
): string {
  if (name === 'learning_rate') return writeNumber(usualLearningRate(method, model))
  if (typeof fallback === 'number') return writeNumber(fallback)
  if (typeof fallback === 'string') return fallback
  if (name === 'name') return 'Made up at the start'
  if (name === 'dropout') return "The model's own"
  if (name === 'save_total_megabytes') return 'No budget'
  return input.kind === 'number' ? 'All' : ''
}

/** 0.00005 → "5e-5", 0.001 → "1e-3", 0.01 → "0.01": as people write rates. */
export function writeNumber(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.005) return value.toExponential().replace('e+', 'e')
  return String(value)
}

/** "5e-5", "0,01" and "−1" are numbers; undefined for what is none. */
export function readNumber(text: string): number | undefined {
  const plain = text
    .trim()
    .replace('−', '-')
    .replace(/^(-?\d*),(\d+)/, '$1.$2')
  if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)) return undefined
  return Number(plain)
}

const doubling: readonly SettingName[] = [
  'per_device_train_batch_size',
  'per_device_eval_batch_size',
  'gradient_accumulation_steps',
  'max_length',
  'lora_r',
  'lora_alpha',
]

/**
 * The next sensible value up (+1) or down (−1): powers of two for sizes, 1-2-5 for rates, twentieths for shares, whole
 * numbers for counts. Stays where the schema refuses the next one.
 */
export function stepped(field: Field, value: number, direction: 1 | -1): number {
  const next = nextValue(field, value, direction)
  return runConfigInputSchema.shape[field.name].safeParse(next).success ? next : value
}

function nextValue({ name, input, fallback }: Field, value: number, direction: 1 | -1): number {
  if (doubling.includes(name)) {
    const power = Math.log2(value)
    return 2 ** (direction > 0 ? Math.floor(power + 1e-9) + 1 : Math.ceil(power - 1e-9) - 1)
  }
  if (input.kind === 'number' && input.integer) return value + direction
  if (name === 'num_train_epochs') return direction > 0 ? Math.floor(value + 1) : Math.max(0.5, Math.ceil(value) - 1)
  // What counts of a decay rate is how far it is from one.
  if (name.startsWith('adam_beta')) return Number((1 - oneTwoFive(1 - value, direction > 0 ? -1 : 1)).toFixed(9))
  const small = name === 'learning_rate' || (typeof fallback === 'number' && fallback > 0 && fallback < 0.05)
  return small ? oneTwoFive(value, direction) : Number((value + direction * 0.05).toFixed(4))
}

/** … 1e-5, 2e-5, 5e-5, 1e-4 … */
function oneTwoFive(value: number, direction: 1 | -1): number {
  if (value <= 0) return direction > 0 ? 1e-5 : 0
  const exponent = Math.floor(Math.log10(value) + 1e-9)
  const steps = [exponent - 1, exponent, exponent + 1].flatMap((power) =>
    [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
  )
  const near = value * 1e-9
  const above = steps.find((step) => step > value + near)
  const below = steps.findLast((step) => step < value - near)
  return (direction > 0 ? above : below) ?? value
}
