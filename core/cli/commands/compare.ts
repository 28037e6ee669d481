import type {
  Comparison,
  ConfigDiffRow,
  ExamplePrediction,
  MetricRow,
  OutputFilter,
  OutputRow,
} from '../../contract/domain.ts'
import { readSceneAnswer } from '../../contract/episodes.ts'
import { AttuneError } from '../../contract/errors.ts'
import { taskJudgements } from '../../contract/judgement.ts'
import { isLabelled } from '../../contract/roles.ts'
import { count, number, percent, plain } from '../format.ts'
import { findRun, type Ground } from '../ground.ts'
import type { Answer } from '../io.ts'
import { type Column, table } from '../table.ts'

export interface CompareOptions {
  readonly filter: OutputFilter
  readonly limit: number
  /** Points per curve at most. */
  readonly width: number
}

/** The first run is the baseline. */
export async function compareRuns(ground: Ground, wanted: readonly string[], options: CompareOptions): Promise<Answer> {
  const runs: string[] = []
  for (const each of wanted) {
    const { id, name } = await findRun(ground, each)
    if (runs.includes(id)) throw new AttuneError('bad_request', `${name} is named twice. Compare different runs.`)
    runs.push(id)
  }
  const { filter, limit, width } = options
  const comparison = await ground.call('comparisons.get', { runs, filter, limit, width })
  if (ground.output.json) return { value: comparison, text: '' }
  const disagreements = await ground.call('comparisons.outputs', { runs, filter: 'disagree', limit: 5 })
  return { value: comparison, text: described(comparison, disagreements) }
}

function described({ runs, verdict, configDiff, metrics }: Comparison, outputs: Comparison['outputs']): string {
  const names = runs.map(({ name }) => name)
  const task = runs[0]?.config.task ?? 'text-classification'
  const { by } = taskJudgements[task]
  /** One column per run, the baseline first. */
  const perRun = <Row>(value: (row: Row, run: number) => string, max?: number): Column<Row>[] =>
    names.map((title, run) => ({ title, value: (row: Row) => value(row, run), right: true, ...(max && { max }) }))

  const judged = verdict.map((each, i) =>
    each ? `${names[i + 1]}: ${each.outcome}. ${each.sentence}` : `${names[i + 1]}: nothing in common to judge on.`,
  )
  const differing = configDiff.filter(({ differs }) => differs)
  const settings =
    differing.length === 0
      ? 'All settings are the same.'
      : table<ConfigDiffRow>(
          [
            { title: 'SETTING', value: ({ setting }) => setting },
            ...perRun<ConfigDiffRow>((row, run) => plain(row.values[run]), 32),
          ],
          differing,
        )
  const numbers = table<MetricRow>(
    [
      { title: 'METRIC (best, against the first)', value: ({ label }) => label },
      ...perRun<MetricRow>(({ values, better }, run) => {
        const value = values[run]
        if (!value) return '–'
        const sign = value.deltaBest > 0 ? '+' : ''
        const own =
          run === 0 ? number(value.best.value) : `${number(value.best.value)} (${sign}${number(value.deltaBest)})`
        const { spread } = value
        if (!spread || better === null) return own
        return `${own}; ${number(spread.best.mean)} ± ${Number(spread.best.deviation.toPrecision(2))} over ${spread.runs} seeds`
      }),
    ],
    metrics,
  )
  const prediction = (each: ExamplePrediction | undefined) => {
    if (!each) return '–'
    const { correct, predicted, confidence, value, answer } = each
    // The best value is marked, and the wrong answer.
    if (by === 'values') return `${correct ? '✓ ' : ''}${number(value)}`
    const said = predicted === null ? readSceneAnswer(answer ?? '').text : `${predicted} ${percent(confidence ?? 0)}`
    return `${correct ? '' : '✗ '}${said}`
  }
  const examples = table<OutputRow>(
    [
      { title: 'ROW', value: ({ row }) => String(row), right: true },
      ...(isLabelled(task) ? [{ title: 'LABEL', value: ({ label }: OutputRow) => label, max: 16 }] : []),
      ...perRun<OutputRow>(({ predictions }, run) => prediction(predictions[run]), 32),
      { title: 'TEXT', value: ({ text }) => text, max: 60 },
    ],
    outputs.rows,
  )
  const differs = by === 'right' ? 'the runs disagree on' : 'they differ on'
  const heading = `Of ${count(outputs.common)} common validation rows, ${differs} ${count(outputs.disagree)}.`
  const note = outputs.note === null ? '' : ` ${outputs.note}`
  return [
    judged.join('\n'),
    settings,
    numbers,
    `${heading}${note}`,
    ...(outputs.rows.length > 0 ? [examples] : []),
  ].join('\n\n')
}
