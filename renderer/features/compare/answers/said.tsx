import { Check, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ExamplePrediction } from '../../../../core/contract/domain.ts'
import type { Judgement } from '../../../../core/contract/judgement.ts'
import styles from '../outputs.module.css'

interface SaidProps {
  prediction: Pick<ExamplePrediction, 'correct'>
  by: Judgement['by']
  title?: string
  children: ReactNode
}

/** An answer with its mark: right or wrong, or the best of the compared runs. */
export function Said({ prediction: { correct }, by, title, children }: SaidProps) {
  return (
    <span className={styles.said} data-correct={correct} title={title}>
      {correct && <Check size={14} aria-label={by === 'right' ? 'right' : 'the best of these'} />}
      {!correct && by === 'right' && <X size={14} aria-label="wrong" />}
      {children}
    </span>
  )
}
