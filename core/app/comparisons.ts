import { isRecorded, isResult, type Run, seriesInfos, type Verdict } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Handlers } from '../contract/methods.ts'
import { byLength } from './by-length.ts'
import { configDiff } from './config-diff.ts'
import { confusionOf } from './confusion.ts'
import type { Context } from './context.ts'
import { curvesOf } from './evaluations.ts'
import { requireRun } from './find.ts'
import { metricTable } from './metric-table.ts'
import { type Judged, joinRuns, outputsOf } from './outputs.ts'
import { verdictsOnce } from './verdicts.ts'

function comparedSeries(runs: readonly Run[]): string[] {
  const shown = seriesInfos.filter((info) => isResult(info) && runs.some(({ config }) => isRecorded(info, config.task)))
  return shown.map(({ name }) => name)
}
const usualSmoothing = 0.6

/** Runs side by side; the first is the baseline. Nothing is stored: a comparison is a view of records. */
type ComparisonMethods = Extract<keyof Handlers, `comparisons.${string}`> | 'runs.confusion'

export function comparisonHandlers(context: Context): Pick<Handlers, ComparisonMethods> {
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

  const judge = verdictsOnce()
  /** Each run against the baseline, on the rows that these two have in common. */
  const verdicts = ([baseline, ...candidates]: readonly Judged[]): (Verdict | null)[] =>
    candidates.map((candidate) =>
      baseline ? judge(baseline.run, candidate.run, joinRuns([baseline, candidate])) : null,
    )

  return {
    'comparisons.get': async ({ runs: ids, width, filter, offset, limit }) => {
      const judged = judgedRuns(ids)
      const runs: Run[] = judged.map(({ run }) => run)
      const asked = { x: 'step', width, smoothing: usualSmoothing, after: -1 } as const
      return {
        runs,
        verdict: verdicts(judged),
        curves: await curvesOf(context, ids, comparedSeries(runs), asked),
        configDiff: configDiff(runs),
        metrics: metricTable(runs, store.runs.list()),
        outputs: await outputsOf(runs, joinRuns(judged), datasetDir(judged), { filter, offset, limit }),
      }
    },
    'runs.confusion': ({ id }) => ({ confusion: confusionOf(requireRun(store, id), store.predictions.get(id)) }),
    'comparisons.byLength': async ({ runs: ids }) => {
      const judged = judgedRuns(ids)
      const runs = judged.map(({ run }) => run)
      return { byLength: await byLength(context, runs, joinRuns(judged)) }
    },
    'comparisons.outputs': async ({ runs: ids, filter, search, offset, limit }) => {
      const judged = judgedRuns(ids)
      const runs = judged.map(({ run }) => run)
      return outputsOf(runs, joinRuns(judged), datasetDir(judged), { filter, search, offset, limit })
    },
  }
}
