import { areUsualTargets, usualTargets } from '../../../core/contract/architectures.ts'
import type { Model } from '../../../core/contract/domain.ts'
import { usualLearningRate } from '../../../core/contract/presets.ts'
import {
  defaultLearningRate,
  type Method,
  type RunConfig,
  type RunConfigInput,
  runConfigInputSchema,
  type SettingName,
  type TaskName,
} from '../../../core/contract/settings.ts'
import { type Field, fields, fieldsFor, readNumber, writeNumber } from './field.ts'
import type { Fork } from './fork.ts'

/** The form as typed. A setting that is absent (or empty) takes its default. */
export interface Draft {
  readonly model: string | null
  readonly dataset: string | null
  readonly method: Method
  /** The dataset's. */
  readonly task: TaskName
  readonly typed: Readonly<Partial<Record<SettingName, string | readonly string[]>>>
  /** The checkpoint to begin with; null for the model's own weights. */
  readonly fork: Fork | null
}

export const emptyDraft: Draft = {
  model: null,
  dataset: null,
  method: 'full',
  task: 'text-classification',
  typed: {},
  fork: null,
}

export interface ReadDraft {
  /** What was given, by setting; only what was typed and can be read. */
  readonly given: Partial<Record<SettingName, unknown>>
  /** Sentences by setting. */
  readonly problems: Partial<Record<SettingName, string>>
}

/** Reads every field that belongs to the method; each with its own problem. */
export function readDraft({ method, task, typed }: Pick<Draft, 'method' | 'task' | 'typed'>): ReadDraft {
  const given: Partial<Record<SettingName, unknown>> = {}
  const problems: Partial<Record<SettingName, string>> = {}
  for (const field of fieldsFor(method, task)) {
    const entered = typed[field.name]
    if (entered === undefined || (typeof entered === 'string' && entered.trim() === '')) continue
    const value = readEntry(field, entered)
    const parsed = value === undefined ? null : runConfigInputSchema.shape[field.name].safeParse(value)
    if (parsed?.success) given[field.name] = value
    else problems[field.name] = parsed ? firstMessage(parsed.error.issues) : `"${entered}" is not a number.`
  }
  return { given, problems }
}

function readEntry({ input }: Field, entered: string | readonly string[]): unknown {
  if (typeof entered !== 'string') return [...entered]
  if (input.kind === 'switch') return entered === 'true'
  return input.kind === 'number' ? readNumber(entered) : entered.trim()
}

function firstMessage(issues: readonly { message: string }[]): string {
  const message = issues[0]?.message ?? 'This value cannot be used'
  return message.endsWith('.') ? message : `${message}.`
}

/** The value in force: what was given, else the default, which for some settings depends on method or model. */
export function settingOf<Name extends SettingName>(
  given: ReadDraft['given'],
  name: Name,
  method: Method,
  model?: Pick<Model, 'architecture' | 'source'> | undefined,
): RunConfig[Name] {
  const decided: Partial<Record<SettingName, unknown>> = {
    learning_rate: usualLearningRate(method, model),
    target_modules: usualTargets(model?.architecture),
  }
  const value = given[name] ?? decided[name]
  // Every value in `given` has passed its own schema, and parsing what is undefined gives the default.
  return runConfigInputSchema.shape[name].parse(value) as RunConfig[Name]
}

/** CONFIG.json: what was picked and given, in the order of the form; null while something is missing or wrong. */
export function configOf(draft: Draft): RunConfigInput | null {
  const { given, problems } = readDraft(draft)
  if (draft.model === null || draft.dataset === null || Object.keys(problems).length > 0) return null
  const { model, dataset, task, method } = draft
  // Each value in `given` has passed its own schema.
  return { model, dataset, task, method, ...given } as RunConfigInput
}

/** The settings of an earlier run, written as a person would have: what equals a default is left empty. */
export function draftFrom({ name: _, ...config }: RunConfig): Draft {
  const { model, dataset, task } = config
  return withSettings({ ...emptyDraft, model, dataset, task }, config)
}

/** The form with these settings in place of its own, as a person would have written them. */
export function withSettings(draft: Draft, settings: Partial<RunConfig>): Draft {
  const method = settings.method ?? draft.method
  const typed = { ...draft.typed }
  for (const { name, fallback } of fieldsFor(method, draft.task)) {
    const value = settings[name]
    if (value === undefined) continue
    delete typed[name]
    if (isUsual(name, value, method, fallback)) continue
    if (Array.isArray(value)) typed[name] = value
    else typed[name] = typeof value === 'number' ? writeNumber(value) : String(value)
  }
  return { ...draft, method, typed }
}

/** Settings that took the place of others all at once, and the form as it was before. */
export interface Applied {
  readonly settings: Partial<RunConfig>
  readonly before: Pick<Draft, 'method' | 'typed'>
}

/** The form with what those settings replaced; all that was entered since then stays. */
export function takenBack(draft: Draft, { settings, before }: Applied): Draft {
  const typed = { ...draft.typed }
  for (const { name } of fields) {
    if (settings[name] === undefined) continue
    const entered = before.typed[name]
    if (entered === undefined) delete typed[name]
    else typed[name] = entered
  }
  return { ...draft, method: settings.method === undefined ? draft.method : before.method, typed }
}

/** Target modules of any architecture's default are left empty: they are decided by the model again. */
function isUsual(name: SettingName, value: unknown, method: Method, fallback: unknown): boolean {
  if (name === 'target_modules') return Array.isArray(value) && areUsualTargets(value)
  return JSON.stringify(value) === JSON.stringify(name === 'learning_rate' ? defaultLearningRate[method] : fallback)
}

/** The same run from a shell (POSIX): writes the file, then trains with it. */
export function commandOf(config: RunConfigInput): string {
  const json = JSON.stringify(config, null, 2)
  return `cat > config.json <<'JSON'\n${json}\nJSON\nnpm run -s attune -- train config.json --watch`
}
