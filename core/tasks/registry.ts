import type { RunConfig } from '../contract/settings.ts'
import type { Task } from './task.ts'
import { textClassification } from './text-classification.ts'
import { textGeneration } from './text-generation.ts'

/** Every task, by its name in the settings. */
const tasks: Readonly<Record<RunConfig['task'], Task>> = {
  'text-classification': textClassification,
  'text-generation': textGeneration,
}

export function taskNamed(name: RunConfig['task']): Task {
  return tasks[name]
}
