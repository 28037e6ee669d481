import type { ByLength } from '../../contract/domain.ts'
import type { RecurrentType } from '../../contract/recurrent-baseline.ts'
import { count, number, percent } from '../format.ts'
import { findRun, type Ground, showingProgress } from '../ground.ts'
import { table } from '../table.ts'
import { compareRuns } from './compare.ts'
import { trainAll } from './train.ts'

export interface BaselineOptions {
  readonly architecture: RecurrentType
  readonly watch: boolean
}

/** Stays until the recurrent model's run has ended. With --json the last object is `{run, byLength}`. */
export async function trainBaseline(
  ground: Ground,
  wanted: string,
  { architecture, watch }: BaselineOptions,
): Promise<number> {
  const { id } = await findRun(ground, wanted)
  const { model, run } = await showingProgress(ground, ground.call('runs.recurrentBaseline', { id, architecture }))
  ground.output.note(`${model.name} has ${count(model.parameters)} parameters.`)
  let compared = ''
  const code = await trainAll(
    ground,
    [run],
    { watch },
    async ([ended]) => {
      const { byLength } = await ground.call('comparisons.byLength', { runs: [id, run.id] })
      const options = { filter: 'all', limit: 1, width: 2 } as const
      const { text } = await compareRuns(ground, [id, run.id], options)
      compared = byLength === null ? text : `${text}\n\n${lengths(byLength)}`
      return { run: ended, byLength }
    },
    () => compared,
  )
  return code
}

function lengths({ buckets, label, unit, tokensOf }: ByLength): string {
  const value = (one: number | undefined) => (unit === '' ? percent(one ?? 0) : number(one ?? 0))
  return table<ByLength['buckets'][number]>(
    [
      { title: 'TOKENS', value: ({ from, to }) => (to === null ? `${from} and more` : `${from} to ${to}`) },
      { title: 'ROWS', value: ({ rows }) => count(rows), right: true },
      { title: `${label} of the run`.toUpperCase(), value: ({ values: [first] }) => value(first), right: true },
      { title: 'OF THE RECURRENT ONE', value: ({ values: [, second] }) => value(second), right: true },
    ],
    buckets,
  ).concat(`\nTokens of ${tokensOf}, before any cut.`)
}
