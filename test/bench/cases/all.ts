import type { Case } from './case.ts'
import { checkpointCase } from './checkpoint.ts'
import { generationCase } from './generation.ts'
import { lstmCase } from './lstm.ts'
import { mailCases } from './mails.ts'
import { overheadCase } from './overhead.ts'
import { preflightCase } from './preflight.ts'
import { scalingCase } from './scaling.ts'
import { shapeCases } from './shapes.ts'
import { sharedCase } from './shared.ts'
import { startupCase } from './startup.ts'
import { threadsCase } from './threads.ts'

/** Every case, in the order in which all of them run. */
export const cases: readonly Case[] = [
  ...shapeCases,
  lstmCase,
  ...mailCases,
  generationCase,
  startupCase,
  overheadCase,
  checkpointCase,
  preflightCase,
  scalingCase,
  threadsCase,
  sharedCase,
]
