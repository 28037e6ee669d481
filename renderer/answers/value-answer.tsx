import { taskJudgements } from '../../core/contract/judgement.ts'
import { formatNumber } from '../ui/format.ts'
import styles from './answer.module.css'
import { Said } from './said.tsx'
import type { AnswerProps } from './view.ts'

/** The number that the example is judged by, and what it is; of what is right or wrong, only which; nothing where it is not. */
export function ValueAnswer({ run, prediction }: AnswerProps) {
  const { label, short, unit, by } = taskJudgements[run.config.task]
  if (prediction.value === undefined) return null
  return (
    <span className={styles.sure} title={[label, unit].filter(Boolean).join(', ')}>
      <Said prediction={prediction} by={by}>
        {by === 'values' && `${short} ${formatNumber(prediction.value)}`}
      </Said>
    </span>
  )
}
