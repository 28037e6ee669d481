import type { Turn } from '../../contract/turns.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import type { ChatTemplate } from './template.ts'

/** A conversation as tokens, and which of them are to be learnt. */
export interface EncodedConversation {
  /** At most as many as asked for: the end is cut. */
  readonly ids: Int32Array
  /** 1 for a token of an answer, the token that ends it included; 0 for all that it answers. */
  readonly targets: Uint8Array
  /** Tokens before cutting. */
  readonly length: number
}

export interface ChatReading {
  readonly template: ChatTemplate
  readonly tokenizer: Tokenizer
}

/**
 * Tokenises turns as transformers' apply_chat_template does: the template's text as a whole, nothing put around it. An
 * answer is what the text of the turns up to it goes on with after that of the turns before it, opened for an answer; the
 * answers are those of the assistant from turn `from` on. Templates that write earlier turns differently once there are
 * later ones (and leave out what was thought in them) have no such place for those: they are not learnt.
 * Throws AttuneError as ChatTemplate.render.
 */
export function encodeConversation(
  turns: readonly Turn[],
  { template, tokenizer }: ChatReading,
  maxLength: number,
  from = 0,
): EncodedConversation {
  const text = template.render(turns)
  const ids = tokenizer.encodePlain(text)
  const targets = new Uint8Array(ids.length)
  for (const [i, { role }] of turns.entries()) {
    if (i < from || role !== 'assistant') continue
    const before = template.render(turns.slice(0, i), true)
    const upTo = i === turns.length - 1 ? text : template.render(turns.slice(0, i + 1))
    const isLast = i === turns.length - 1
    // What is opened for a last answer may go further than the answer's own text ("<think>").
    if (!isLast && !(upTo.startsWith(before) && text.startsWith(upTo))) continue
    const start = tokensBefore(tokenizer, ids, text, commonLength(before, text))
    const end = isLast ? ids.length : tokensBefore(tokenizer, ids, text, upTo.length)
    targets.fill(1, start, answerEnd(tokenizer, ids, start, end))
  }
  return { ids: ids.slice(0, maxLength), targets: targets.slice(0, maxLength), length: ids.length }
}

/** Tokens that end at or before a place in the text: those that the text up to there begins with as well. */
function tokensBefore(tokenizer: Tokenizer, ids: Int32Array, text: string, place: number): number {
  const part = tokenizer.encodePlain(text.slice(0, place))
  let common = 0
  while (common < part.length && part[common] === ids[common]) common++
  return common
}

function commonLength(a: string, b: string): number {
  if (b.startsWith(a)) return a.length
  let length = 0
  while (length < a.length && a[length] === b[length]) length++
  return length
}

/** Line ends that a template writes after the token that ends an answer are no part of it. */
function answerEnd(tokenizer: Tokenizer, ids: Int32Array, start: number, end: number): number {
  let last = end
  while (last > start) {
    const id = ids[last - 1] as number
    if (tokenizer.isSpecial(id)) return last
    if (tokenizer.decode([id]).trim() !== '') break
    last--
  }
  return end
}

/** The token that ends an answer in this template; null where none does. */
export function answerEndId(reading: ChatReading): number | null {
  const turns = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
  ]
  const { ids, targets } = encodeConversation(turns, reading, Number.MAX_SAFE_INTEGER)
  const last = ids[targets.lastIndexOf(1)]
  return last !== undefined && reading.tokenizer.isSpecial(last) ? last : null
}
