import type { RunConfig } from '../contract/settings.ts'
import { chat } from './chat.ts'
import { classificationOnFeatures } from './classification-on-features.ts'
import { decisionMaking } from './decision-making.ts'
import { preference } from './preference.ts'
import type { FeatureTask, Task } from './task.ts'
import { textClassification } from './text-classification.ts'
import { textGeneration } from './text-generation.ts'

/** Every task, by its name in the settings. */
const tasks: Readonly<Record<RunConfig['task'], Task>> = {
  'text-classification': textClassification,
  'text-generation': textGeneration,
  chat,
  preference,
  'decision-making': decisionMaking,
}

const featureTasks: Readonly<Record<RunConfig['task'], FeatureTask | null>> = {
  'text-classification': classificationOnFeatures,
  'text-generation': null,
  chat: null,
  preference: null,
  'decision-making': null,
}

export function taskNamed(name: RunConfig['task']): Task {
  return tasks[name]
}

/** How a task trains its head on features; null where it has no head of its own. */
export function featureTaskNamed(name: RunConfig['task']): FeatureTask | null {
  return featureTasks[name]
}
