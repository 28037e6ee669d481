import type { Dash } from '../charts/curve.ts'
import { dashArray } from '../charts/palette.ts'
import classes from './badges.module.css'

export interface SwatchProps {
  /** A CSS colour. */
  colour: string
  dash?: Dash
  /** Drawn pale: its curves are switched off. */
  off?: boolean
}

/** The short stroke that says which line is meant: colour and line style as in the charts. */
export function Swatch({ colour, dash, off }: SwatchProps) {
  return (
    <svg className={classes.swatch} data-off={off || undefined} width="18" height="10" aria-hidden="true">
      <line
        x1="1.5"
        y1="5"
        x2="16.5"
        y2="5"
        stroke={colour}
        strokeWidth="3"
        strokeLinecap={dash && dash !== 'solid' ? 'butt' : 'round'}
        strokeDasharray={dashArray(dash, 2)}
      />
    </svg>
  )
}
