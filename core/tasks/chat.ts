import { templateFiles } from '../data/chat/template.ts'
import type { ChatRows } from './chat-rows.ts'
import { answerPrograms, answersLayout, writeAnswers } from './chat-writing.ts'
import type { BatchConfig, ScoreTools, Task } from './task.ts'
import { type ScoredTexts, textGeneration } from './text-generation.ts'

/**
 * Instructions and chats: a row is a conversation; the model learns what the assistant says in it, the token that ends an
 * answer included, from all that was said before. Everything but the rows is as for text generation: short conversations
 * share a sequence, and the loss is cross-entropy, averaged over the predicted tokens. Evaluations also write the last
 * answer of some conversations.
 */
export const chat: Task<ChatRows, ScoredChats> = {
  ...textGeneration,
  name: 'chat',
  files: templateFiles,
  own: (model, config) =>
    config.written_answers === 0
      ? { variables: {}, inPlace: [], programs: {} }
      : answerPrograms(model, answersLayout(model, config)),
  score(encoded, layout, config, evaluate, onRows, tools) {
    const scored = textGeneration.score(encoded, layout, config, evaluate, onRows, tools)
    return { ...scored, ...answersOf(encoded, scored.rows, config, tools) }
  },
  predictions(scored) {
    const answers = Array.from(scored.rows, () => '')
    for (const [i, place] of scored.written.entries()) answers[place] = scored.answers[i] as string
    return { ...textGeneration.predictions(scored), ...(scored.written.length > 0 && { answers }) }
  },
}

/** As of texts; and the answers that were written, to the conversations at these places among the rows. */
type ScoredChats = ScoredTexts & {
  readonly written: Int32Array
  readonly answers: readonly string[]
}

/** The answers to some conversations, evenly spread. */
function answersOf(
  { rows, prompts, endIds }: ChatRows,
  scored: Int32Array,
  {
    written_answers: most,
    ...config
  }: Pick<BatchConfig, 'written_answers' | 'per_device_eval_batch_size' | 'max_length'>,
  { own, model, tokenizer }: ScoreTools,
): Pick<ScoredChats, 'written' | 'answers'> {
  if (most === 0) return { written: new Int32Array(0), answers: [] }
  const layout = answersLayout(model, config)
  const promptOf = new Map(Array.from(rows, (row, i) => [row, prompts[i] as Int32Array]))
  const asked = Array.from({ length: Math.min(most, scored.length) }, (_, i) =>
    Math.floor((i * scored.length) / Math.min(most, scored.length)),
  )
  const ends = new Set([...endIds, ...(tokenizer.eosId === null ? [] : [tokenizer.eosId])])
  const answers: string[] = []
  own('blank', {})
  for (let at = 0; at < asked.length; at += layout.batch) {
    const some = asked.slice(at, at + layout.batch).map((place) => promptOf.get(scored[place] as number) as Int32Array)
    answers.push(...writeAnswers(own, layout, some, ends).map((ids) => tokenizer.decode(ids).trim()))
  }
  return { written: Int32Array.from(asked), answers }
}
