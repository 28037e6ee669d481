import { isResult, type Run, seriesInfos, type Verdict } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import { valueVerdict, verdict } from '../stats/verdict.ts'
import { configDiff } from './config-diff.ts'
import type { Context } from './context.ts'
import { curvesOf } from './evaluations.ts'
import { requireRun } from './find.ts'
import { metricTable } from './metric-table.ts'
import { countPairs, type Judged, joinRuns, outputsOf, valuesOf } from './outputs.ts'

const comparedSeries = seriesInfos.filter(isResult).map(({ name }) => name)
const usualSmoothing = 0.6

/** Runs side by side; the first is the baseline. Nothing is stored: a comparison is a view of records. */
export function comparisonHandlers(context: Context): Pick<Handlers, 'comparisons.get' | 'comparisons.outputs'> {
  const { store, folders } = context

  const judgedRuns = (ids: readonly string[]): Judged[] => {
    if (new Set(ids).size < ids.length) {
      throw new AttuneError('bad_request', 'A run is named twice: a comparison is between different runs.', {
        runs: ids,
      })
    }
    return ids.map((id) => ({ run: requireRun(store, id), predictions: store.predictions.get(id) }))
  }
  const datasetDir = ([baseline]: readonly Judged[]) => folders.of('datasets', (baseline as Judged).run.dataset.id)

  return {
    'comparisons.get': async ({ runs: ids, width, filter, offset, limit }) => {
      const judged = judgedRuns(ids)
      const runs: Run[] = judged.map(({ run }) => run)
      const asked = { x: 'step', width, smoothing: usualSmoothing, after: -1 } as const
      return {
        runs,
        verdict: verdicts(judged),
        curves: await curvesOf(context, ids, comparedSeries, asked),
        configDiff: configDiff(runs),
        metrics: metricTable(runs, store.runs.list()),
        outputs: await outputsOf(runs, joinRuns(judged), datasetDir(judged), { filter, offset, limit }),
      }
    },
    'comparisons.outputs': async ({ runs: ids, filter, search, offset, limit }) => {
      const judged = judgedRuns(ids)
      const runs = judged.map(({ run }) => run)
      return outputsOf(runs, joinRuns(judged), datasetDir(judged), { filter, search, offset, limit })
    },
  }
}

/** Each run against the baseline, on the rows that these two have in common. */
function verdicts([baseline, ...candidates]: readonly Judged[]): (Verdict | null)[] {
  return candidates.map((candidate) => {
    if (!baseline) return null
    const joined = joinRuns([baseline, candidate])
    const isByRight = joined.judgement.by === 'right'
    // How far values lie apart, one alone does not say.
    if (joined.count < (isByRight ? 1 : 2)) return null
    return isByRight
      ? verdict(baseline.run, candidate.run, countPairs(joined), joined.judgement)
      : valueVerdict(baseline.run, candidate.run, valuesOf(joined), joined.judgement)
  })
}
