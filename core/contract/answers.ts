import { z } from 'zod'

/** Answers of the tasks that judge the words of a text, as they are kept and as they are shown. */

/** A stretch of a text. */
export interface AnswerPart {
  readonly text: string
  /** What is said of it; absent where nothing is. */
  readonly mark?: string
  /** Whether that is so; absent where nobody knows. */
  readonly right?: boolean
  /** More of it, for whoever asks. */
  readonly details?: string
}

const filledSchema = z.array(
  z.object({
    before: z.string(),
    /** Empty where nobody knows what was hidden. */
    hidden: z.string(),
    after: z.string(),
    /** Likeliest first, with their chances. */
    guesses: z.array(z.tuple([z.string(), z.number()])),
  }),
)

/** Each hidden word amid its text, with what was guessed in its place. Empty for what is no such answer. */
export function filledWords(answer: string): AnswerPart[][] {
  return parsed(answer, filledSchema).map(({ before, hidden, after, guesses }) => {
    const [[guess] = ['']] = guesses
    const details = guesses.map(([word, chance]) => `${word} ${Math.round(100 * chance)} %`).join(', ')
    const known = hidden !== ''
    const mark = known && guess !== hidden ? `was ${hidden}` : ''
    return [
      { text: `${before} ` },
      { text: guess, mark, details, ...(known && { right: guess === hidden }) },
      { text: ` ${after}` },
    ]
  })
}

/** The words of a text, each with its tag; those outside of anything (O) have none. `gold` are the right ones. */
export function taggedWords(text: string, answer: string, gold?: readonly string[]): AnswerPart[] {
  const tags = parsed(answer, z.array(z.string()))
  return text.split(/\s+/).map((word, i) => {
    const tag = tags[i]
    const truth = gold?.[i]
    const right = truth === undefined || tag === undefined ? {} : { right: tag === truth }
    if (tag === undefined || (tag === 'O' && right.right !== false)) return { text: `${word} ` }
    const details = right.right === false ? `${truth} is right` : undefined
    return { text: `${word} `, mark: tag, ...right, ...(details && { details }) }
  })
}

/** An answer amid its text, with so many characters around it; by itself where it does not stand there. */
export function answerInText(text: string, answer: string, right?: boolean, around = 80): AnswerPart[] {
  const from = answer === '' ? -1 : text.indexOf(answer)
  const said: AnswerPart = { text: answer, mark: '', ...(right !== undefined && { right }) }
  if (from < 0) return [said]
  const to = from + answer.length
  const before = text.slice(Math.max(0, from - around), from)
  const after = text.slice(to, to + around)
  return [
    { text: from > around ? `… ${before}` : before },
    said,
    { text: to + around < text.length ? `${after} …` : after },
  ]
}

function parsed<T>(answer: string, schema: z.ZodType<T[]>): T[] {
  try {
    return schema.parse(JSON.parse(answer))
  } catch {
    return []
  }
}
