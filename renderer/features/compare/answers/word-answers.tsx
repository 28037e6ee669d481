import { answerInText, filledWords, taggedWords } from '../../../../core/contract/answers.ts'
import type { OutputRow } from '../../../../core/contract/domain.ts'
import { MarkedText } from '../../../ui/marked-text.tsx'
import styles from '../outputs.module.css'
import { ValueAnswer } from './value-answer.tsx'
import type { AnswerProps } from './view.ts'

/** Hidden words amid their text, with what was guessed of them. */
export function FilledAnswer(props: AnswerProps) {
  return (
    <>
      {filledWords(props.prediction.answer ?? '').map((parts, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a hidden word is known by its place
        <span key={i} className={styles.written}>
          <MarkedText parts={parts} />
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
  return <MarkedText parts={taggedWords(row.text, JSON.stringify(goldOf(row)))} />
}

const goldOf = ({ fields }: OutputRow): string[] => (fields?.tags ?? '').split(' ')

/** The answer in its text. */
export function SpanAnswer(props: AnswerProps) {
  const { row, prediction } = props
  return (
    <>
      <span className={styles.written}>
        <MarkedText parts={answerInText(row.text, prediction.answer ?? '', prediction.value >= 1)} />
      </span>
      <ValueAnswer {...props} />
    </>
  )
}

/** What was asked. */
export function Question({ row }: { row: OutputRow }) {
  return <strong>{row.fields?.question}</strong>
}
