import type { Turn } from '../../core/contract/turns.ts'
import styles from './turns.module.css'

/** What was said in turn, each with who said it. */
export function Turns({ turns }: { turns: readonly Turn[] }) {
  return (
    <ol className={styles.turns}>
      {turns.map(({ role, content }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a turn is known by its place
        <li key={at} className={styles.turn} data-role={role}>
          <span className={styles.role}>{role}</span>
          <div className={styles.content}>{content}</div>
        </li>
      ))}
    </ol>
  )
}
