import type { ReactNode } from 'react'
import styles from './train.module.css'

export interface ChoiceCardProps {
  /** Of the radio group. */
  group: string
  title: string
  /** Figures, beside the title. */
  facts?: ReactNode
  children: ReactNode
  /** Why it will hardly be chosen; it can be all the same. */
  unfit?: string
  checked: boolean
  onChoose: () => void
}

/** One of several, as a radio button that is as large as what it says. */
export function ChoiceCard({ group, title, facts, children, unfit, checked, onChoose }: ChoiceCardProps) {
  return (
    <label className={styles.card} data-checked={checked || undefined} data-unfit={unfit !== undefined || undefined}>
      <input type="radio" name={group} checked={checked} onChange={onChoose} className={styles.radio} />
      <span className={styles.cardHead}>
        <span className={styles.cardTitle}>{title}</span>
        {facts !== undefined && <span className={styles.cardFacts}>{facts}</span>}
      </span>
      <span className={styles.cardText}>
        {children}
        {unfit !== undefined && <> · {unfit}</>}
      </span>
    </label>
  )
}
