import type { ConfigDiffRow, Run } from '../../../core/contract/domain.ts'
import { settingInfos } from '../../../core/contract/settings.ts'

export interface ConfigLine {
  readonly setting: string
  /** What the form calls it; the setting's own name where the form does not have it. */
  readonly label: string
  readonly cells: readonly ConfigCell[]
  readonly differs: boolean
}

export interface ConfigCell {
  readonly text: string
  /** Not what the baseline has. */
  readonly differs: boolean
}

const pickedLabels: Record<string, string> = { model: 'Model', dataset: 'Dataset', task: 'Task', method: 'Method' }

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

/** Ids are for machines: a model or a dataset is shown by its name, and its version where the names are the same. */
function named(setting: string, value: unknown, run: Run | undefined, runs: readonly Run[]): string {
  if (run && setting === 'model' && value === run.model.id) {
    const models = runs.map((one) => one.model)
    return nameOf(run.model, run.model.weightsHash, models)
  }
  if (run && setting === 'dataset' && value === run.dataset.id) {
    const datasets = runs.map((one) => one.dataset)
    return nameOf(run.dataset, run.dataset.contentHash, datasets)
  }
  return settingText(value)
}

function nameOf(one: { id: string; name: string }, hash: string, all: readonly { id: string; name: string }[]): string {
  const alike = all.some((other) => other.name === one.name && other.id !== one.id)
  return alike ? `${one.name} (${hash.slice(0, 8)})` : one.name
}

/** Every row as text, in the given order; cells say whether they differ from the baseline's. */
export function configLines(rows: readonly ConfigDiffRow[], runs: readonly Run[]): ConfigLine[] {
  return rows.map(({ setting, values, differs }) => {
    const base = JSON.stringify(values[0] ?? null)
    return {
      setting,
      label: pickedLabels[setting] ?? settingInfos.find((info) => info.name === setting)?.label ?? setting,
      cells: values.map((value, column) => ({
        text: named(setting, value, runs[column], runs),
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
