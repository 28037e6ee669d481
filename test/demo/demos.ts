import { decisions } from './decisions.ts'
import type { Demo } from './demo.ts'
import { maskedWords } from './masked-words.ts'
import { scenes } from './scenes.ts'
import { spamBert } from './spam-bert.ts'
import { wordTasks } from './word-tasks.ts'

/** Every kind, in the order of its line: a kind is added by its file and one entry here. */
export const demos: readonly Demo[] = [spamBert, maskedWords, wordTasks, decisions, scenes]
