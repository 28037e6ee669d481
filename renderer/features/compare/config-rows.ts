import type { ConfigDiffRow } from '../../../core/contract/domain.ts'
import { settingInfos } from '../../../core/contract/settings.ts'
import { formatCount } from '../../ui/format.ts'

export interface ConfigLine {
  readonly setting: string
  /** What the form calls it; the setting's own name where the form does not have it. */
  readonly label: string
  readonly cells: readonly ConfigCell[]
  readonly differs: boolean
}

export interface ConfigCell {
  /** Whole, as it is copied. */
  readonly text: string
  /** As it stands in the table: of a hash, enough to tell it from others. */
  readonly shown: string
  /** Not what the baseline has. */
  readonly differs: boolean
}

/** What the form does not ask for: picked, or worked out when the run began. */
const otherLabels: Record<string, string> = {
  model: 'Model',
  model_weights: 'Model weights',
  dataset: 'Dataset',
  dataset_version: 'Dataset version',
  task: 'Task',
  method: 'Method',
  starts_from: 'Begins with',
  total_steps: 'Steps in all',
  train_rows: 'Training rows',
  eval_rows: 'Validation rows',
  parameters: 'Parameters',
  trainable_parameters: 'Trained parameters',
  engine_used: 'Engine used',
  threads: 'Threads',
  app_version: 'Attune version',
}

const hashes = new Set(['model_weights', 'dataset_version'])

const counts = new Set(['total_steps', 'train_rows', 'eval_rows', 'parameters', 'trainable_parameters'])

function shownText(setting: string, value: unknown): string {
  if (hashes.has(setting) && typeof value === 'string') return value.slice(0, 12)
  return counts.has(setting) && typeof value === 'number' ? formatCount(value) : settingText(value)
}

/** A setting's value as a person would write it. */
export function settingText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'number') return numberText(value)
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(settingText).join(', ')
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function numberText(value: number): string {
  const text = value !== 0 && Math.abs(value) < 0.005 ? value.toExponential().replace('e+', 'e') : String(value)
  return text.replace(/^-/, '−')
}

/** Every row as text, in the given order; cells say whether they differ from the baseline's. */
export function configLines(rows: readonly ConfigDiffRow[]): ConfigLine[] {
  return rows.map(({ setting, values, differs }) => {
    const base = JSON.stringify(values[0] ?? null)
    return {
      setting,
      label: otherLabels[setting] ?? settingInfos.find((info) => info.name === setting)?.label ?? setting,
      cells: values.map((value) => ({
        text: settingText(value),
        shown: shownText(setting, value),
        differs: JSON.stringify(value ?? null) !== base,
      })),
      differs,
    }
  })
}

/** Lines that are shown: by the switch, and by every typed word in the name, the label or a value. */
export function shownLines(lines: readonly ConfigLine[], differencesOnly: boolean, typed: string): ConfigLine[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return lines.filter(({ setting, label, cells, differs }) => {
    if (differencesOnly && !differs) return false
    const all = `${setting} ${label} ${cells.map(({ text }) => text).join(' ')}`.toLowerCase()
    return words.every((word) => all.includes(word))
  })
}
