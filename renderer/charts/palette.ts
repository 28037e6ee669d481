import type { Dash } from './curve.ts'

/**
 * Twelve colours of middling lightness, so that each stands out from a white and from a near-black ground, ordered so
 * that neighbours stay apart under red-green and blue-yellow colour blindness (they alternate in hue and lightness).
 */
export const palette = [
  '#3577d4', // blue
  '#dd7217', // orange
  '#12957a', // bluish green
  '#c43d80', // magenta
  '#b38f12', // mustard
  '#8a63d6', // violet
  '#36a3cc', // sky
  '#cc463d', // red
  '#67962b', // olive
  '#a4694c', // brown
  '#d984b3', // pink
  '#778799', // slate
] as const

const dashes: readonly Dash[] = ['solid', 'dashed', 'dotted']

/** A run's colour for life, by its `colour` index. */
export function runColour(index: number): string {
  return palette[index % palette.length] ?? palette[0]
}

/** The second channel: from the thirteenth run on the colours come again, dashed, then dotted. */
export function runDash(index: number): Dash {
  return dashes[Math.floor(index / palette.length) % dashes.length] ?? 'solid'
}

/** SVG stroke-dasharray of a line style, in units of the stroke's width. */
export function dashArray(dash: Dash | undefined, width: number): string | undefined {
  if (dash === 'dashed') return `${4 * width} ${2.5 * width}`
  if (dash === 'dotted') return `${width} ${2 * width}`
  return undefined
}
