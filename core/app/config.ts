import { canAdapt, canLearn, usualTargets } from '../contract/architectures.ts'
import type { Dataset, Model } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { ParsedInput } from '../contract/methods.ts'
import { usualLearningRate } from '../contract/presets.ts'
import { askingOf, isPromptTemplate } from '../contract/prompts.ts'
import { suits } from '../contract/roles.ts'
import { hasLength, headlessTasks, type RunConfig, type SettingName } from '../contract/settings.ts'
import { nearest } from '../util/nearest.ts'

type Written = ParsedInput<'runs.create'>['config']

/**
 * Every setting decided, and checked against the model and the data that it is for. What a setting may be on its own,
 * the contract has checked. Throws bad_config with the setting's name, or bad_data.
 */
export function decideConfig(written: Written, model: Model, dataset: Dataset): RunConfig {
  const config: RunConfig = {
    ...written,
    model: model.id,
    dataset: dataset.id,
    task: written.task ?? dataset.task,
    target_modules: written.target_modules ?? [...usualTargets(model.architecture)],
    learning_rate: written.learning_rate ?? usualLearningRate(written.method, model),
  }
  if (!suits(dataset.task, config.task)) {
    refuse('task', config.task, `the dataset "${dataset.name}" is for ${dataset.task}`)
  }
  const asking = askingOf(config, model.architecture)
  if (!canLearn(model.architecture, config.task) && asking === null) {
    refuse('task', config.task, `the model "${model.name}" (${model.architecture}) cannot be trained for it`)
  }
  if (config.method === 'lora' && !canAdapt(model.architecture)) {
    refuse('method', 'lora', `LoRA adapts linear layers, and the model "${model.name}" has none inside; take "full"`)
  }
  if (config.method === 'head' && headlessTasks.includes(config.task)) {
    refuse('method', 'head', 'a model that writes has no head to train alone; take "full" or "lora"')
  }
  if (hasLength(config.task) && model.maxPositions > 0 && config.max_length > model.maxPositions) {
    refuse(
      'max_length',
      config.max_length,
      `the model "${model.name}" has ${model.maxPositions} positions; take at most so many`,
    )
  }
  if (
    config.max_target_length !== undefined &&
    model.maxPositions > 0 &&
    config.max_target_length > model.maxPositions
  ) {
    const reason = `the model "${model.name}" has ${model.maxPositions} positions; take at most so many`
    refuse('max_target_length', config.max_target_length, reason)
  }
  if (asking !== null) {
    const place = asking === 'next words' ? '{label}' : '{mask}'
    if (!isPromptTemplate(config.prompt_template) || !config.prompt_template.includes(place)) {
      const reason = `it needs one {text}, and one ${place} after it, for a model that ${asking === 'next words' ? 'writes' : 'fills in words'}`
      refuse('prompt_template', config.prompt_template, reason)
    }
  }
  if (config.max_steps === 0 && config.method !== 'none') {
    refuse(
      'max_steps',
      0,
      'a run needs at least one step; −1 leaves it to num_train_epochs. To evaluate only, choose method "none"',
    )
  }
  // Moments that never forget: AdamW would divide by 1 − 1.
  if (config.adam_beta1 === 1) refuse('adam_beta1', 1, 'it must be below 1')
  if (config.adam_beta2 === 1) refuse('adam_beta2', 1, 'it must be below 1')
  if (config.method === 'lora') checkTargets(config.target_modules, model)
  if (config.task === 'text-classification') checkClasses(dataset)
  return config
}

/** LoRA finds a layer by the end of its name, at a dot: "query", "attention.self.query". */
function checkTargets(targets: readonly string[], { name, linearModules }: Model): void {
  for (const target of targets) {
    if (linearModules.some((module) => module === target || module.endsWith(`.${target}`))) continue
    const near = nearest(target, linearModules)
    const hint = near === null ? '' : ` Did you mean "${near}"?`
    throw new AttuneError(
      'bad_config',
      `target_modules: the model "${name}" has no linear layer "${target}"; it has ${linearModules.join(', ')}.${hint}`,
      { setting: 'target_modules', value: target, known: linearModules },
    )
  }
}

function checkClasses({ name, labels, rows }: Dataset): void {
  if (labels.length < 2) {
    const only = labels[0] ? `, "${labels[0].label}"` : ''
    throw new AttuneError(
      'bad_data',
      `The dataset "${name}" has one class only${only}: there is nothing to tell apart.`,
    )
  }
  if (!labels.some(({ count }) => count >= 2)) {
    throw new AttuneError(
      'bad_data',
      `The dataset "${name}" has ${rows} rows and no class with two of them: none can be held out for validation.`,
    )
  }
}

function refuse(setting: SettingName, value: unknown, reason: string): never {
  throw new AttuneError('bad_config', `${setting} is ${JSON.stringify(value)}: ${reason}.`, { setting, value })
}
