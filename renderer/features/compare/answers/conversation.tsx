import { conversationOf, preferenceOf } from '../../../../core/contract/turns.ts'
import { Turns } from '../../../ui/turns.tsx'
import type { AnswerView } from './view.ts'

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
