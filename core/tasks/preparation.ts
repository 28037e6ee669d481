import type { RunConfig } from '../contract/settings.ts'
import { prepareLabelled } from './labelled-rows.ts'
import { preparePacked } from './packed-rows.ts'
import type { Prepare } from './task.ts'

const preparations: Readonly<Record<RunConfig['task'], Prepare>> = {
  'text-classification': prepareLabelled,
  'text-generation': preparePacked,
}

/** How a task's data is made, without what computes with it: for a thread that only tokenises. */
export function preparationOf(task: RunConfig['task']): Prepare {
  return preparations[task]
}
