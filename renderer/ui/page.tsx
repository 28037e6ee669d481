import type { ReactNode } from 'react'
import classes from './page.module.css'

export interface PageHeaderProps {
  title: ReactNode
  subtitle?: ReactNode
  /** Buttons, right. */
  actions?: ReactNode
  /** Left of the title: a way back, a swatch. */
  lead?: ReactNode
}

export function PageHeader({ title, subtitle, actions, lead }: PageHeaderProps) {
  return (
    <header className={classes.header}>
      {lead}
      <div className={classes.titles}>
        <h1 className={classes.title}>{title}</h1>
        {subtitle !== undefined && <div className={classes.subtitle}>{subtitle}</div>}
      </div>
      {actions}
    </header>
  )
}

export interface PageProps extends PageHeaderProps {
  children: ReactNode
  /** `reading`: padded, at most 1080 px wide · `wide`: padded · `full`: the content brings its own edges. */
  width?: 'reading' | 'wide' | 'full'
}

/** A screen: a header that stays and a body that scrolls. */
export function Page({ children, width = 'wide', ...header }: PageProps) {
  return (
    <section className={classes.page}>
      <PageHeader {...header} />
      <div className={classes.body}>
        {width === 'full' ? (
          children
        ) : (
          <div className={`${classes.padded} ${width === 'reading' ? classes.reading : ''}`}>{children}</div>
        )}
      </div>
    </section>
  )
}
