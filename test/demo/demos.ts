import { chats } from './chats.ts'
import { decisions } from './decisions.ts'
import type { Demo } from './demo.ts'
import { fewLabels } from './few-labels.ts'
import { maskedWords } from './masked-words.ts'
import { pronunciations } from './pronunciations.ts'
import { recurrent } from './recurrent.ts'
import { scenes } from './scenes.ts'
import { spamBert } from './spam-bert.ts'
import { speech } from './speech.ts'
import { vision } from './vision.ts'
import { wordTasks } from './word-tasks.ts'

/** Every kind, in the order of its line: a kind is added by its file and one entry here. */
export const demos: readonly Demo[] = [
  spamBert,
  maskedWords,
  wordTasks,
  chats,
  fewLabels,
  recurrent,
  pronunciations,
  decisions,
  scenes,
  vision,
  speech,
]
