import { Check, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Judgement } from '../../core/contract/judgement.ts'
import styles from './answer.module.css'
import type { Told } from './view.ts'

interface SaidProps {
  prediction: Pick<Told, 'correct'>
  by: Judgement['by']
  title?: string
  children: ReactNode
}

/** An answer with its mark: right or wrong, or the best of the compared runs; none where nobody knows. */
export function Said({ prediction: { correct }, by, title, children }: SaidProps) {
  return (
    <span className={styles.said} data-correct={correct} title={title}>
      {correct && <Check size={14} aria-label={by === 'right' ? 'right' : 'the best of these'} />}
      {correct === false && by === 'right' && <X size={14} aria-label="wrong" />}
      {children}
    </span>
  )
}
