import { conversationOf, preferenceOf } from '../../core/contract/turns.ts'
import { Turns } from '../ui/turns.tsx'
import { TextAnswer } from './text-answer.tsx'
import { ValueAnswer } from './value-answer.tsx'
import type { AnswerProps, AnswerView } from './view.ts'

/** What the model said, where it was asked, and the loss of what it should have said. */
export function ChatAnswer(props: AnswerProps) {
  const Said = props.prediction.answer ? TextAnswer : ValueAnswer
  return <Said {...props} />
}

/** What the assistant said last. */
export const ChatTarget: NonNullable<AnswerView['Target']> = ({ row }) => {
  const turns = conversationOf(row)
  return typeof turns === 'string' ? null : (turns.findLast(({ role }) => role === 'assistant')?.content ?? null)
}

/** The preferred answer, and the other one below it. */
export const PreferenceTarget: NonNullable<AnswerView['Target']> = ({ row }) => {
  const pair = preferenceOf(row)
  if (typeof pair === 'string') return null
  const named = (role: string, turns: readonly { content: string }[]) => ({
    role,
    content: turns.map(({ content }) => content).join('\n'),
  })
  return <Turns turns={[named('preferred', pair.chosen), named('other', pair.rejected)]} />
}
