import { isRecorded, type SeriesInfo, seriesInfos } from './domain.ts'
import type { TaskName } from './settings.ts'

/** What runs of a task are compared by, example by example. */
export interface Judgement {
  /** right: each example is answered rightly or not; values: each has a number, and the mean is judged. */
  readonly by: 'right' | 'values'
  /** By right, where an example has a value and no class: it is right above this; from 1 on when absent. */
  readonly rightAbove?: number
  /** The series that it belongs to. */
  readonly metric: string
  /** As a sentence says it: "mean loss of a text". */
  readonly label: string
  /** The same in a word, to stand before a number: "loss". */
  readonly short: string
  readonly unit: string
  readonly better: 'lower' | 'higher'
  /** What an example is called, many of them. */
  readonly examples: string
}

const accuracy: Judgement = {
  by: 'right',
  metric: 'eval/accuracy',
  label: 'accuracy',
  short: 'accuracy',
  unit: '',
  better: 'higher',
  examples: 'examples',
}

export const taskJudgements: Readonly<Record<TaskName, Judgement>> = {
  'text-classification': accuracy,
  'image-classification': { ...accuracy, examples: 'pictures' },
  'audio-classification': { ...accuracy, examples: 'clips' },
  'automatic-speech-recognition': {
    by: 'values',
    metric: 'eval/cer',
    label: 'mean character error rate of a clip',
    short: 'CER',
    unit: '',
    better: 'lower',
    examples: 'clips',
  },
  'text-generation': {
    by: 'values',
    metric: 'eval/loss',
    label: 'mean loss of a text',
    short: 'loss',
    unit: 'nats a token',
    better: 'lower',
    examples: 'texts',
  },
  'fill-mask': {
    by: 'values',
    metric: 'eval/loss',
    label: 'mean loss of a text',
    short: 'loss',
    unit: 'nats a masked word',
    better: 'lower',
    examples: 'texts',
  },
  'text-regression': {
    by: 'values',
    metric: 'eval/mse',
    label: 'mean squared error',
    short: 'squared error',
    unit: '',
    better: 'lower',
    examples: 'texts',
  },
  'token-classification': {
    by: 'values',
    metric: 'eval/token_accuracy',
    label: 'mean share of a text’s tags that are right',
    short: 'right tags',
    unit: '',
    better: 'higher',
    examples: 'texts',
  },
  'question-answering': {
    by: 'values',
    metric: 'eval/answer_f1',
    label: 'mean F1 of an answer',
    short: 'F1',
    unit: '',
    better: 'higher',
    examples: 'questions',
  },
  'image-text-to-text': {
    by: 'right',
    metric: 'eval/exact_match',
    label: 'share of exact answers',
    short: 'exact',
    unit: '',
    better: 'higher',
    examples: 'questions',
  },
  chat: {
    by: 'values',
    metric: 'eval/loss',
    label: 'mean loss of an answer',
    short: 'loss',
    unit: 'nats a token',
    better: 'lower',
    examples: 'conversations',
  },
  preference: {
    by: 'right',
    metric: 'eval/reward_accuracy',
    rightAbove: 0,
    label: 'chosen-over-rejected rate',
    short: 'chosen',
    unit: '',
    better: 'higher',
    examples: 'pairs',
  },
  'decision-making': {
    by: 'values',
    metric: 'eval/return',
    label: 'mean return of an episode',
    short: 'return',
    unit: '',
    better: 'higher',
    examples: 'episodes',
  },
  'text2text-generation': {
    by: 'values',
    metric: 'eval/chrf',
    label: 'mean chrF of an output',
    short: 'chrF',
    unit: '',
    better: 'higher',
    examples: 'outputs',
  },
}

/**
 * The validation measures that tell of a run of this task: the one that it is judged by first, then `most` at the most of
 * the others, the loss last.
 */
export function resultsOf(task: TaskName, most: number): SeriesInfo[] {
  const { metric } = taskJudgements[task]
  const measures = seriesInfos.filter((info) => info.name.startsWith('eval/') && info.better && isRecorded(info, task))
  const others = measures.filter(({ name }) => name !== metric && name !== 'eval/loss')
  const loss = measures.filter(({ name }) => name !== metric && name === 'eval/loss')
  return [...measures.filter(({ name }) => name === metric), ...others.slice(0, most), ...loss]
}
