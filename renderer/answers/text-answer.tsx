import { taskJudgements } from '../../core/contract/judgement.ts'
import { formatNumber } from '../ui/format.ts'
import styles from './answer.module.css'
import { Said } from './said.tsx'
import type { AnswerProps } from './view.ts'

/** What the model wrote, and the number that it is judged by, if it is. */
export function TextAnswer({ run, prediction }: AnswerProps) {
  const { by, label, unit } = taskJudgements[run.config.task]
  const { answer, value } = prediction
  return (
    <>
      <span className={styles.written}>{answer === '' ? <em className={styles.silent}>nothing</em> : answer}</span>
      {value !== undefined && (
        <span className={styles.sure} title={[label, unit].filter(Boolean).join(', ')}>
          <Said prediction={prediction} by={by}>
            {by === 'values' && formatNumber(value)}
          </Said>
        </span>
      )}
    </>
  )
}
