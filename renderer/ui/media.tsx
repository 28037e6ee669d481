import styles from './media.module.css'

interface PictureProps {
  readonly address: string | null
  readonly label: string
  /** Pixels. */
  readonly height: number
  /** Pixels; as wide as the picture is when absent. */
  readonly width?: number
}

/** A picture by its address; its place is kept while there is none. */
export function Picture({ address, label, height, width }: PictureProps) {
  if (address === null) return <span className={styles.picture} style={{ height, width: width ?? height }} />
  return <img className={styles.picture} src={address} alt={label} style={{ height, ...(width && { width }) }} />
}

interface ClipProps {
  readonly address: string | null
  /** A picture of what sounds when. */
  readonly mel: string | null
  readonly label: string
}

/** A clip that can be played, under a picture of its sound. */
export function Clip({ address, mel, label }: ClipProps) {
  return (
    <div className={styles.clip}>
      {mel === null ? (
        <span className={styles.mel} />
      ) : (
        <img className={styles.mel} src={mel} alt={`Sound of ${label}: time to the right, high tones above`} />
      )}
      <audio controls preload="metadata" aria-label={label} {...(address !== null && { src: address })} />
    </div>
  )
}
