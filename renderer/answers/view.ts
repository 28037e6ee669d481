import type { ComponentType } from 'react'
import type { ExamplePrediction, OutputRow, Run } from '../../core/contract/domain.ts'
import type { TaskName } from '../../core/contract/settings.ts'
import { ClassAnswer } from './class-answer.tsx'
import { ChatAnswer, ChatTarget, PreferenceTarget } from './conversation.tsx'
import { EpisodeAnswer } from './episode-answer.tsx'
import { MediaExample } from './media-example.tsx'
import { PreferenceAnswer } from './preference-answer.tsx'
import { SceneAnswer } from './scene-answer.tsx'
import { CorrectedAnswer, TextAnswer } from './text-answer.tsx'
import { ValueAnswer } from './value-answer.tsx'
import { FilledAnswer, Question, SpanAnswer, TaggedAnswer, TaggedTarget } from './word-answers.tsx'

/** What a run said about an example, and how it is judged, where anybody knows what is right. */
export type Told = Pick<ExamplePrediction, 'predicted' | 'confidence' | 'answer'> &
  Partial<Pick<ExamplePrediction, 'loss' | 'value' | 'correct'>>

export interface AnswerProps {
  readonly run: Run
  readonly row: Pick<OutputRow, 'text' | 'fields'>
  readonly prediction: Told
}

/** How the examples and answers of a task look. Without one, texts and plain answers. */
export interface AnswerView {
  readonly Answer?: ComponentType<AnswerProps>
  /** Stands above the example's text. */
  readonly Example?: ComponentType<{ readonly run: Run; readonly row: OutputRow }>
  /** In place of the plain text of what the model is to say. */
  readonly Target?: ComponentType<{ readonly run: Run; readonly row: OutputRow }>
}

/** Tasks whose examples are more than texts: one file here and one entry each. */
const views: Readonly<Partial<Record<TaskName, AnswerView>>> = {
  'decision-making': { Answer: EpisodeAnswer },
  'fill-mask': { Answer: FilledAnswer },
  'token-classification': { Answer: TaggedAnswer, Target: TaggedTarget },
  'question-answering': { Answer: SpanAnswer, Example: Question },
  'image-text-to-text': { Example: MediaExample, Answer: SceneAnswer },
  'image-classification': { Example: MediaExample },
  'audio-classification': { Example: MediaExample },
  'automatic-speech-recognition': { Example: MediaExample, Answer: CorrectedAnswer },
  'text2text-generation': { Answer: CorrectedAnswer },
  chat: { Answer: ChatAnswer, Target: ChatTarget },
  preference: { Answer: PreferenceAnswer, Target: PreferenceTarget },
}

export function viewOf(task: TaskName): AnswerView {
  return views[task] ?? {}
}

/** How an answer looks by what it consists of. */
export function plainAnswer({ predicted, answer }: Told): ComponentType<AnswerProps> {
  if (predicted !== null) return ClassAnswer
  return answer === undefined ? ValueAnswer : TextAnswer
}
