import type { Series, XAxis } from '../contract/domain.ts'
import type { Handlers } from '../contract/methods.ts'
import { thin } from '../store/thin.ts'
import type { Context } from './context.ts'
import { missing } from './find.ts'

export function evaluationHandlers(context: Context): Pick<Handlers, 'metrics.series'> {
  return {
    'metrics.series': async ({ runs, series, ...asked }) => {
      for (const id of runs) if (!context.store.runs.get(id)) throw missing('run', id)
      return { series: await curvesOf(context, runs, series, asked) }
    },
  }
}

interface AskedCurves {
  readonly x: XAxis
  readonly width: number
  readonly smoothing: number
  readonly after: number
}

/** One curve for each run and series that has points, in the order of the series, then of the runs. */
export async function curvesOf(
  { store }: Pick<Context, 'store'>,
  runs: readonly string[],
  series: readonly string[],
  asked: AskedCurves,
): Promise<Series[]> {
  const curves: Series[] = []
  for (const name of series) {
    for (const run of runs) {
      const points = await store.curves.points(run, name, asked.x)
      if (points.step.length === 0) continue
      curves.push({ run, series: name, total: points.step.length, ...thin(points, asked) })
    }
  }
  return curves
}
