import { areUsualTargets, usualTargets } from '../../../core/contract/architectures.ts'
import type { Run } from '../../../core/contract/domain.ts'
import {
  concerns,
  defaultLearningRate,
  type RunConfig,
  runConfigInputSchema,
  type SettingInfo,
  settingInfos,
} from '../../../core/contract/settings.ts'

export interface SettingRow {
  readonly name: string
  readonly label: string
  readonly help: string
  readonly group: SettingInfo['group'] | 'what'
  readonly value: string
  /** The default as text, where the run's value is another one. */
  readonly differsFrom: string | null
}

export const groupTitles: Record<SettingRow['group'], string> = {
  what: 'What is trained',
  data: 'Data',
  training: 'Training',
  optimizer: 'Optimizer',
  lora: 'LoRA',
  evaluation: 'Evaluation',
  engine: 'Engine',
}

/** A setting's value as a person reads it. */
export function settingText(value: unknown): string {
  if (value === undefined || value === null) return 'not set'
  if (Array.isArray(value)) return value.join(', ')
  // 2e-5, as it is written in papers and configurations, and not 0.00002.
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 0.001) return value.toExponential()
  return String(value)
}

/** Every setting that has a say in this run, in the order of the form. */
export function settingRows(run: Pick<Run, 'config' | 'model' | 'dataset'>): SettingRow[] {
  const { config } = run
  const defaults: Partial<RunConfig> = {
    ...runConfigInputSchema.parse({ model: config.model, dataset: config.dataset }),
    task: config.task,
    // Those of the architecture are usual, whichever it is.
    target_modules: areUsualTargets(config.target_modules) ? config.target_modules : [...usualTargets(undefined)],
    learning_rate: defaultLearningRate[config.method],
  }
  const picked = (name: string, label: string, help: string, value: string): SettingRow => ({
    name,
    label,
    help,
    group: 'what',
    value,
    differsFrom: null,
  })
  return [
    picked('model', 'Base model', `Weights ${run.model.weightsHash.slice(0, 12)}…`, run.model.name),
    picked('dataset', 'Dataset', `Version ${run.dataset.contentHash.slice(0, 12)}…`, run.dataset.name),
    picked('task', 'Task', 'What is learned.', config.task),
    picked('method', 'Method', 'Which weights are trained.', config.method),
    ...settingInfos
      .filter((info) => info.name !== 'name' && concerns(info, config))
      .map((info): SettingRow => {
        const value = settingText(config[info.name])
        const usual = settingText(defaults[info.name])
        const { name, label, help, group } = info
        return { name, label, help, group, value, differsFrom: value === usual ? null : usual }
      }),
  ]
}
