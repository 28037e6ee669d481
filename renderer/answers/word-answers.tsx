import { answerInText, filledWords, taggedWords } from '../../core/contract/answers.ts'
import type { OutputRow } from '../../core/contract/domain.ts'
import { MarkedText } from '../ui/marked-text.tsx'
import styles from './answer.module.css'
import { ValueAnswer } from './value-answer.tsx'
import type { AnswerProps } from './view.ts'

/** Hidden words amid their text, with what was guessed of them; with all guesses where it is not known what is right. */
export function FilledAnswer(props: AnswerProps) {
  const { answer = '', value } = props.prediction
  const filled = filledWords(answer)
  if (filled.length === 0 && value === undefined)
    return <>The text hides no word: put the model’s own mask token into it.</>
  return (
    <>
      {filled.map((parts, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a hidden word is known by its place
        <span key={i} className={styles.written}>
          <MarkedText parts={parts} />
          {value === undefined && (
            <small className={styles.guesses}>{parts.find(({ details }) => details)?.details}</small>
          )}
        </span>
      ))}
      <ValueAnswer {...props} />
    </>
  )
}

/** The words of a text with the tags that they were given. */
export function TaggedAnswer(props: AnswerProps) {
  const { row, prediction } = props
  return (
    <>
      <span className={styles.written}>
        <MarkedText parts={taggedWords(row.text, prediction.answer ?? '', goldOf(row))} />
      </span>
      <ValueAnswer {...props} />
    </>
  )
}

/** The same with the right tags. */
export function TaggedTarget({ row }: { row: OutputRow }) {
  return <MarkedText parts={taggedWords(row.text, JSON.stringify(goldOf(row) ?? []))} />
}

const goldOf = ({ fields }: AnswerProps['row']): string[] | undefined => fields?.tags?.split(' ')

/** The answer in its text, of which more is shown where there is nothing to compare it with. */
export function SpanAnswer(props: AnswerProps) {
  const { answer = '', value } = props.prediction
  const parts =
    value === undefined
      ? answerInText(props.row.text, answer, undefined, 400)
      : answerInText(props.row.text, answer, value >= 1)
  return (
    <>
      <span className={styles.written}>
        <MarkedText parts={parts} />
      </span>
      <ValueAnswer {...props} />
    </>
  )
}

/** What was asked. */
export function Question({ row }: { row: OutputRow }) {
  return <strong>{row.fields?.question}</strong>
}
