import { runColour } from '../charts/palette.ts'
import { formatNumber, formatPercent } from '../ui/format.ts'
import styles from './answer.module.css'
import { Said } from './said.tsx'
import type { AnswerProps } from './view.ts'

/** The likeliest class, and how sure the model was of it. */
export function ClassAnswer({ run, prediction }: AnswerProps) {
  const { predicted, confidence, loss } = prediction
  return (
    <>
      <Said prediction={prediction} by="right">
        {predicted}
      </Said>
      <span className={styles.sure}>
        <span className={styles.track} aria-hidden>
          <span style={{ width: `${100 * (confidence ?? 0)}%`, background: runColour(run.colour) }} />
        </span>
        <span title="Confidence: probability of the predicted class">{formatPercent(confidence ?? 0)}</span>
        {loss !== undefined && (
          <span className={styles.loss} title="Cross-entropy of this example, nats">
            loss {formatNumber(loss)}
          </span>
        )}
      </span>
    </>
  )
}
