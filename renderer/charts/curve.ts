export type Dash = 'solid' | 'dashed' | 'dotted'

/** One line of a chart: columns of equal length, `x` ascending; null where a value was not finite. */
export interface Curve {
  /** What highlighting goes by: a run's id. Several curves of a chart may share it (training and validation). */
  readonly id: string
  readonly name: string
  /** A CSS colour that works on light and on dark. */
  readonly colour: string
  readonly dash?: Dash | undefined
  readonly x: readonly number[]
  readonly raw: readonly (number | null)[]
  /** Extremes of the points that one drawn point stands for. */
  readonly min?: readonly (number | null)[] | undefined
  readonly max?: readonly (number | null)[] | undefined
  readonly smooth: readonly (number | null)[]
}

/** Closed interval, low ≤ high. */
export type Range = readonly [low: number, high: number]
