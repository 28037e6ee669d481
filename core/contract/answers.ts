import { z } from 'zod'

/** Answers of the tasks that judge the words of a text, as they are kept and as they are shown. */

/** A stretch of a text. */
export interface AnswerPart {
  readonly text: string
  /** What is said of it; absent where nothing is. */
  readonly mark?: string
  /** Whether that is so; absent where nobody knows. */
  readonly right?: boolean
  /** It should stand there and does not. */
  readonly missing?: true
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
  const parts = text.split(/\s+/).map((word, i): AnswerPart => {
    const tag = tags[i]
    const truth = gold?.[i]
    const right = truth === undefined || tag === undefined ? {} : { right: tag === truth }
    if (tag === undefined || (tag === 'O' && right.right !== false)) return { text: word }
    const details = right.right === false ? `${truth} is right` : undefined
    return { text: word, mark: tag, ...right, ...(details && { details }) }
  })
  return spaced(parts)
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

/** Comparisons of words that one answer may take. */
const mostCompared = 200_000
/** Of the longer side's words: where fewer are shared, the whole is another text. */
const leastShared = 0.3

/** What was written, word by word against what should have been: words too many are wrong, words too few are missing. */
export function differingWords(written: string, reference: string): AnswerPart[] {
  const [said, meant] = [wordsOf(written), wordsOf(reference)]
  if (said.length * meant.length > mostCompared) return [{ text: written }]
  const rest = sharedBeyond(said, meant)
  const shared = rest[0] as number
  if (shared < leastShared * Math.max(said.length, meant.length)) {
    return [{ text: written, mark: '', right: false }]
  }
  const parts: AnswerPart[] = []
  const add = (word: string, kind: Omit<AnswerPart, 'text'>) => {
    const last = parts.at(-1)
    const isSame = last !== undefined && last.right === kind.right && last.missing === kind.missing
    if (isSame) parts[parts.length - 1] = { ...last, text: `${last.text} ${word}` }
    else parts.push({ text: word, ...kind })
  }
  const width = meant.length + 1
  let [i, j] = [0, 0]
  while (i < said.length || j < meant.length) {
    const [word, other] = [said[i], meant[j]]
    const here = (row: number, column: number) => rest[row * width + column] as number
    if (word !== undefined && word === other) {
      add(word, {})
      i++
      j++
    } else if (other !== undefined && (word === undefined || here(i, j + 1) >= here(i + 1, j))) {
      add(other, { mark: '', missing: true })
      j++
    } else {
      add(word as string, { mark: '', right: false })
      i++
    }
  }
  return spaced(parts)
}

/** What is between two parts belongs to neither. */
function spaced(parts: readonly AnswerPart[]): AnswerPart[] {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [{ text: ' ' }, part]))
}

/** [said + 1, meant + 1], flat: words that are in both in the same order, from each pair of places on. */
function sharedBeyond(said: readonly string[], meant: readonly string[]): Uint32Array {
  const width = meant.length + 1
  const counts = new Uint32Array((said.length + 1) * width)
  for (let i = said.length - 1; i >= 0; i--) {
    for (let j = meant.length - 1; j >= 0; j--) {
      const at = i * width + j
      counts[at] =
        said[i] === meant[j]
          ? 1 + (counts[at + width + 1] as number)
          : Math.max(counts[at + width] as number, counts[at + 1] as number)
    }
  }
  return counts
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

function parsed<T>(answer: string, schema: z.ZodType<T[]>): T[] {
  try {
    return schema.parse(JSON.parse(answer))
  } catch {
    return []
  }
}
