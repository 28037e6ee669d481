import { type ReactNode, useMemo } from 'react'
import { differingWords } from '../../core/contract/answers.ts'
import { MarkedText } from '../ui/marked-text.tsx'
import styles from './answer.module.css'
import { ValueAnswer } from './value-answer.tsx'
import type { AnswerProps } from './view.ts'

/** What the model wrote, and the number that it is judged by, if it is. */
export function TextAnswer(props: AnswerProps) {
  return <Written {...props}>{props.prediction.answer}</Written>
}

/** The same, with the words in which it differs from what it should have written, if that is known. */
export function CorrectedAnswer(props: AnswerProps) {
  const { answer } = props.prediction
  const target = props.row.fields?.target
  const parts = useMemo(
    () => (answer === undefined || target === undefined ? null : differingWords(answer, target)),
    [answer, target],
  )
  if (answer === undefined) return <ValueAnswer {...props} />
  return <Written {...props}>{parts === null ? answer : <MarkedText parts={parts} />}</Written>
}

function Written({ children, ...props }: AnswerProps & { readonly children: ReactNode }) {
  return (
    <>
      <span className={styles.written}>
        {props.prediction.answer === '' ? <em className={styles.silent}>nothing</em> : children}
      </span>
      <ValueAnswer {...props} />
    </>
  )
}
