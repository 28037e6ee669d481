import type { ConfigDiffRow, Run } from '../contract/domain.ts'
import { settingInfos } from '../contract/settings.ts'

/**
 * What the runs were given, a row a setting: those that differ first, else in the order of the form. A setting that
 * means nothing to a run's method (lora_r of a full fine-tuning) is null there, and left out when it is null for all.
 */
export function configDiff(runs: readonly Run[]): ConfigDiffRow[] {
  const rows = [...identity(runs), ...settings(runs), ...outcome(runs)]
    .filter(({ values }) => values.some((value) => value !== null))
    .map((row) => ({ ...row, differs: new Set(row.values.map((value) => JSON.stringify(value))).size > 1 }))
  return [...rows.filter(({ differs }) => differs), ...rows.filter(({ differs }) => !differs)]
}

type Row = Omit<ConfigDiffRow, 'differs'>

function row(setting: string, runs: readonly Run[], value: (run: Run) => unknown): Row {
  return { setting, values: runs.map((run) => value(run) ?? null) }
}

function identity(runs: readonly Run[]): Row[] {
  return [
    row('model', runs, ({ model }) => model.name),
    row('model_weights', runs, ({ model }) => model.weightsHash),
    row('dataset', runs, ({ dataset }) => dataset.name),
    row('dataset_version', runs, ({ dataset }) => dataset.contentHash),
    row('task', runs, ({ config }) => config.task),
    row('method', runs, ({ config }) => config.method),
    row('starts_from', runs, beginning),
  ]
}

/** What a run has its weights from, where not from the model alone. */
function beginning({ origin, start }: Run): string | null {
  if (!origin || !start) return null
  const kept = start.optimizer ? ', with the optimizer' : ''
  return origin.kind === 'fork' ? `step ${origin.step} of ${origin.name}${kept}` : `as ${origin.name}${kept}`
}

function settings(runs: readonly Run[]): Row[] {
  return settingInfos
    .filter(({ name }) => name !== 'name')
    .map(({ name, methods }) =>
      row(name, runs, ({ config }) => (methods && !methods.includes(config.method) ? null : config[name])),
    )
}

/** What the settings came to on this machine. */
function outcome(runs: readonly Run[]): Row[] {
  return [
    row('total_steps', runs, ({ plan }) => plan?.totalSteps),
    row('train_rows', runs, ({ plan }) => plan?.trainRows),
    row('eval_rows', runs, ({ plan }) => plan?.evalRows),
    row('parameters', runs, ({ plan }) => plan?.parameters),
    row('trainable_parameters', runs, ({ plan }) => plan?.trainableParameters),
    row('engine_used', runs, ({ engine }) => engine && `${engine.kind} (${engine.backend} ${engine.version})`),
    row('threads', runs, ({ engine }) => engine?.threads),
    row('app_version', runs, ({ appVersion }) => appVersion),
  ]
}
