import { type ReactNode, useEffect, useState } from 'react'
import styles from './compare.module.css'

const sections = [
  { id: 'overview', title: 'Overview' },
  { id: 'curves', title: 'Curves' },
  { id: 'configuration', title: 'Configuration' },
  { id: 'metrics', title: 'Metrics' },
  { id: 'lengths', title: 'By length' },
  { id: 'pace', title: 'Time of a step' },
  { id: 'confusion', title: 'Confusion' },
  { id: 'outputs', title: 'Outputs' },
] as const

export interface SectionProps {
  id: (typeof sections)[number]['id']
  /** Beside the title: what it counts. */
  note?: ReactNode
  tools?: ReactNode
  children: ReactNode
}

export function Section({ id, note, tools, children }: SectionProps) {
  return (
    <section id={id} className={styles.section} aria-labelledby={`${id}-title`}>
      <header className={styles.sectionHead}>
        <h2 id={`${id}-title`} className={styles.sectionTitle}>
          {sections.find((section) => section.id === id)?.title}
        </h2>
        {note !== undefined && <span className={styles.note}>{note}</span>}
        {tools !== undefined && <div className={styles.tools}>{tools}</div>}
      </header>
      {children}
    </section>
  )
}

/** The page's contents, those that there are. Buttons, because the address's fragment is the router's. */
export function SectionLinks() {
  const [there, setThere] = useState<readonly string[]>([])
  useEffect(() => {
    const look = () => {
      const found = sections.map(({ id }) => id).filter((id) => document.getElementById(id) !== null)
      setThere((before) => (before.join() === found.join() ? before : found))
    }
    look()
    const observer = new MutationObserver(look)
    observer.observe(document.body, { childList: true, subtree: true })
    return () => observer.disconnect()
  }, [])
  return (
    <nav className={styles.links} aria-label="On this page">
      {sections
        .filter(({ id }) => there.includes(id))
        .map(({ id, title }) => (
          <button
            key={id}
            type="button"
            onClick={() => document.getElementById(id)?.scrollIntoView({ behavior: 'smooth', block: 'start' })}
          >
            {title}
          </button>
        ))}
    </nav>
  )
}
