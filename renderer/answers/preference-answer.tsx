import { formatNumber } from '../ui/format.ts'
import styles from './answer.module.css'
import { Said } from './said.tsx'
import type { AnswerProps } from './view.ts'

/** Which answer the model prefers, and by how much more than the one that it began as. */
export function PreferenceAnswer({ prediction }: AnswerProps) {
  const { value = 0 } = prediction
  return (
    <>
      <Said prediction={prediction} by="right">
        {value > 0 ? 'the preferred one' : value < 0 ? 'the other one' : 'neither'}
      </Said>
      <span className={styles.sure} title="How much further it has risen above the other than in the model as it began">
        margin {formatNumber(value)} nats
      </span>
    </>
  )
}
