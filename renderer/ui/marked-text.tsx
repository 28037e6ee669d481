import styles from './marked-text.module.css'

interface Part {
  readonly text: string
  readonly mark?: string
  readonly right?: boolean
  /** It is not there, and should be. */
  readonly missing?: boolean
  readonly details?: string
}

/** Before what is only heard. */
const space = '\u00a0'

/** A text of which some parts are marked, with a word beneath them; right, wrong and missing ones differ by more than colour. */
export function MarkedText({ parts }: { parts: readonly Part[] }) {
  return (
    <span className={styles.text}>
      {parts.map(({ text, mark, right, missing, details }, i) =>
        mark === undefined ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place
          <span key={i}>{text}</span>
        ) : missing ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place
          <del key={i} className={styles.missing}>
            {text}
            <span className={styles.hidden}>{space}(missing)</span>
          </del>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: a part is known by its place
          <mark key={i} className={styles.mark} data-right={right} title={details}>
            {text}
            {/* In one piece with the tag: by itself it could begin a line of its own. */}
            <small>
              {mark !== '' && ` ${mark}`}
              {right !== undefined && (
                <span className={styles.hidden}>
                  {space}({right ? 'right' : 'wrong'})
                </span>
              )}
            </small>
          </mark>
        ),
      )}
    </span>
  )
}
