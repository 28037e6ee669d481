import { canAdapt, canLearn } from '../../../core/contract/architectures.ts'
import type { AppInfo, Dataset, Model, Run } from '../../../core/contract/domain.ts'
import { askingOf } from '../../../core/contract/prompts.ts'
import { headlessTasks, taskTitles } from '../../../core/contract/settings.ts'
import { type Draft, type ReadDraft, settingOf } from './draft.ts'
import { fields } from './field.ts'
import { methodProblem } from './fork.ts'

export interface Situation {
  readonly draft: Draft
  readonly read: ReadDraft
  readonly model: Model | undefined
  readonly dataset: Dataset | undefined
  /** Undefined until the app has said what it has. */
  readonly info: Pick<AppInfo, 'engine' | 'engineProblem'> | undefined
  /** The run that a fork is of. */
  readonly parent?: Run | undefined
}

/** Why the run cannot start, as a sentence; null when it can. */
export function blockedBecause({ draft, read, model, dataset, info, parent }: Situation): string | null {
  if (parent && model?.id !== parent.config.model) {
    return `The model of “${parent.name}” was deleted: restore it before forking the run.`
  }
  if (!model) return 'Choose a model.'
  if (!dataset) return 'Choose a dataset.'
  if (draft.task === 'text-classification' && dataset.labels.length < 2)
    return `${dataset.name} has one class only; there is nothing to tell apart.`
  const asked = { ...draft, prompt_template: settingOf(read.given, 'prompt_template', draft.method) }
  if (!canLearn(model.architecture, draft.task) && askingOf(asked, model.architecture) === null) {
    return `${model.name} cannot be trained for ${taskTitles[draft.task].toLowerCase()}, which ${dataset.name} is for.`
  }
  if (draft.method === 'lora' && !canAdapt(model.architecture)) {
    return `LoRA adapts linear layers, and ${model.name} has none inside; choose full.`
  }
  if (draft.method === 'head' && headlessTasks.includes(draft.task)) {
    return 'A model that writes has no head to train alone; choose full or LoRA.'
  }
  const wrong = fields.find(({ name }) => read.problems[name] !== undefined)
  if (wrong) return `${wrong.label}: ${read.problems[wrong.name]}`
  const length = settingOf(read.given, 'max_length', draft.method)
  if (model.maxPositions > 0 && length > model.maxPositions) {
    return `Max length: ${model.name} takes at most ${model.maxPositions} tokens, and ${length} are asked for.`
  }
  if (draft.method === 'lora') {
    const unknown = unknownTarget(model, settingOf(read.given, 'target_modules', 'lora', model))
    if (unknown) return `Target modules: ${model.name} has no "${unknown}". It has ${model.linearModules.join(', ')}.`
  }
  const problem = parent ? methodProblem(draft.method, parent) : null
  if (problem) return problem
  if (info && info.engine === null) return info.engineProblem ?? 'No training engine could be loaded.'
  return null
}

/** By the last word of the name, so that a longer path ("attention.self.query") is not refused here. */
function unknownTarget(model: Model, targets: readonly string[]): string | undefined {
  const last = (name: string) => name.split('.').at(-1)
  return targets.find((target) => !model.linearModules.some((name) => last(name) === last(target)))
}
