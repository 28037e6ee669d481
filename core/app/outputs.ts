import { setImmediate } from 'node:timers/promises'
import type { ExamplePrediction, OutputFilter, OutputRow, Outputs, Run } from '../contract/domain.ts'
import { type Judgement, taskJudgements } from '../contract/judgement.ts'
import { openRowStore, type RowStore } from '../data/row-store.ts'
import type { PairedCounts } from '../stats/verdict.ts'
import type { PredictionColumns } from '../store/queries/predictions.ts'

/** A run and what it said about its validation rows; null when it was not evaluated (yet). */
export interface Judged {
  readonly run: Run
  readonly predictions: PredictionColumns | null
}

/** Rows that all of the runs predicted. */
export interface Joined {
  readonly count: number
  /** By run: its columns, and where in them each common row is. */
  readonly sides: readonly { readonly columns: PredictionColumns; readonly positions: Int32Array }[]
  /** Why there is nothing, or less than a run's whole validation set; null when all is common. */
  readonly note: string | null
  /** Of the runs' task. */
  readonly judgement: Judgement
}

/** Joins runs on the rows of one dataset version. */
export function joinRuns(judged: readonly Judged[]): Joined {
  const judgement = taskJudgements[judged[0]?.run.config.task ?? 'text-classification']
  const nothing = (note: string): Joined => ({ sides: [], count: 0, note, judgement })
  const silent = judged.filter(({ predictions }) => predictions === null).map(({ run }) => run.name)
  if (silent.length > 0) return nothing(`There are no predictions of ${list(silent)}: no evaluation has ended there.`)
  const versions = new Set(judged.map(({ run }) => run.dataset.contentHash))
  if (versions.size > 1) {
    const [first] = judged
    const others = judged.filter(({ run }) => run.dataset.contentHash !== first?.run.dataset.contentHash)
    const names = list(others.map(({ run }) => run.name))
    return nothing(
      `${names} learnt from another version of the data than “${first?.run.name}”: their rows cannot be matched.`,
    )
  }
  const columns = judged.flatMap(({ predictions }) => predictions ?? [])
  const positions = commonPositions(columns.map(({ rows }) => rows))
  const sides = columns.map((columns, k) => ({ columns, positions: positions[k] as Int32Array }))
  const count = positions[0]?.length ?? 0
  const most = Math.max(...columns.map(({ rows }) => rows.length))
  if (count === most) return { sides, count, note: null, judgement }
  const reason = 'the runs held out different rows (validation_split, split_seed or max_eval_samples differ)'
  if (count === 0) return nothing(`The runs have no validation row in common: ${reason}.`)
  const note = `Judged on the ${count} validation rows in common, of up to ${most}: ${reason}.`
  return { sides, count, note, judgement }
}

/** Rows ascend in every run, so that one walk through all is enough. */
function commonPositions(columns: readonly Int32Array[]): Int32Array[] {
  const cursors = columns.map(() => 0)
  const found: number[][] = columns.map(() => [])
  for (const [place, row] of columns[0]?.entries() ?? []) {
    cursors[0] = place
    const everywhere = columns.every((rows, k) => {
      let cursor = cursors[k] as number
      while (cursor < rows.length && (rows[cursor] as number) < row) cursor++
      cursors[k] = cursor
      return rows[cursor] === row
    })
    if (everywhere) for (const [k, list] of found.entries()) list.push(cursors[k] as number)
  }
  return found.map((list) => Int32Array.from(list))
}

/** On how many of the common rows the first, the second, both or neither of two runs is right. */
export function countPairs(joined: Joined): PairedCounts {
  const counts = { bothRight: 0, onlyBaseline: 0, onlyCandidate: 0, bothWrong: 0 }
  for (let i = 0; i < joined.count; i++) {
    const [baseline, candidate] = rightness(cells(joined, i), joined.judgement)
    if (baseline && candidate) counts.bothRight++
    else if (baseline) counts.onlyBaseline++
    else if (candidate) counts.onlyCandidate++
    else counts.bothWrong++
  }
  return counts
}

/** The number by which each of two runs is judged, on each common row. */
export function valuesOf({ sides, count }: Joined): [Float64Array, Float64Array] {
  const column = (k: number) => {
    const side = sides[k]
    return Float64Array.from({ length: count }, (_, i) => side?.columns.values[side.positions[i] as number] as number)
  }
  return [column(0), column(1)]
}

/** The common rows, ascending. */
export function commonRows({ sides: [side] }: Joined): Int32Array {
  return side ? side.positions.map((position) => side.columns.rows[position] as number) : new Int32Array()
}

/** By run, of each common row: 1 or 0 for right or wrong, or where runs are judged by values, its value. */
export function judgedValues(joined: Joined): Float64Array[] {
  const found = joined.sides.map(() => new Float64Array(joined.count))
  for (let i = 0; i < joined.count; i++) {
    const said = cells(joined, i)
    const right = joined.judgement.by === 'right' ? rightness(said, joined.judgement) : null
    found.forEach((column, k) => {
      column[i] = right === null ? (said[k] as Cell).value : Number(right[k])
    })
  }
  return found
}

interface AskedOutputs {
  readonly filter: OutputFilter
  readonly search?: string | undefined
  readonly offset: number
  readonly limit: number
}

/** Rows looked through between two pauses, in which the process answers others. */
const rowsPerSlice = 2000

/** One page of the common rows that pass the filter, with their texts and what each run said. */
export async function outputsOf(
  runs: readonly Run[],
  joined: Joined,
  datasetDir: string,
  { filter, search, offset, limit }: AskedOutputs,
): Promise<Outputs> {
  const { count, note } = joined
  const passing: number[] = []
  let disagree = 0
  for (let i = 0; i < count; i++) {
    const said = cells(joined, i)
    const right = rightness(said, joined.judgement)
    const differ = disagrees(said, right)
    if (differ) disagree++
    if (passes(filter, right, differ)) passing.push(i)
  }
  if (passing.length === 0) return { common: count, disagree, note, matching: 0, rows: [] }
  const texts = openRowStore(datasetDir)
  try {
    const matching = search ? await containing(search, passing, joined, texts) : passing
    const rows = matching
      .slice(offset, offset + limit)
      .map((i) => outputRow(runs, cells(joined, i), joined.judgement, texts))
    return { common: count, disagree, note, matching: matching.length, rows }
  } finally {
    texts.close()
  }
}

async function containing(search: string, among: readonly number[], joined: Joined, texts: RowStore) {
  const wanted = search.toLowerCase()
  const found: number[] = []
  for (const [looked, i] of among.entries()) {
    if (looked % rowsPerSlice === rowsPerSlice - 1) await setImmediate()
    const row = cells(joined, i)[0]?.row as number
    if (texts.read(row).text.toLowerCase().includes(wanted)) found.push(i)
  }
  return found
}

/** What one run said about one row. */
interface Cell {
  readonly row: number
  /** Class ids, and the predicted one's probability; null where there are no classes. */
  readonly answer: { readonly predicted: number; readonly gold: number; readonly confidence: number } | null
  readonly loss: number
  readonly value: number
  readonly text: string | undefined
}

/** What each run said about the i-th common row. */
function cells({ sides }: Joined, i: number): Cell[] {
  return sides.map(({ columns, positions }) => {
    const position = positions[i] as number
    return {
      row: columns.rows[position] as number,
      answer: answerAt(columns, position),
      loss: columns.loss[position] as number,
      value: columns.values[position] as number,
      text: columns.answers?.[position],
    }
  })
}

function answerAt({ predicted, gold, confidence }: PredictionColumns, position: number): Cell['answer'] {
  if (predicted.length === 0) return null
  return {
    predicted: predicted[position] as number,
    gold: gold[position] as number,
    confidence: confidence[position] as number,
  }
}

/** Which runs are right about a row; by values, which ones none is better than. */
function rightness(said: readonly Cell[], { by, better, rightAbove }: Judgement): boolean[] {
  const isRight = (value: number) => (rightAbove === undefined ? value >= 1 : value > rightAbove)
  if (by === 'right')
    return said.map(({ answer, value }) => (answer ? answer.predicted === answer.gold : isRight(value)))
  const values = said.map(({ value }) => value)
  const best = better === 'lower' ? Math.min(...values) : Math.max(...values)
  return values.map((value) => value === best)
}

function disagrees(said: readonly Cell[], right: readonly boolean[]): boolean {
  return (
    right.includes(!right[0]) ||
    said.some(({ answer, text }) => answer?.predicted !== said[0]?.answer?.predicted || text !== said[0]?.text)
  )
}

function passes(filter: OutputFilter, right: readonly boolean[], differ: boolean): boolean {
  const [baseline, ...candidates] = right
  switch (filter) {
    case 'all':
      return true
    case 'disagree':
      return differ
    case 'wrong':
      return baseline === false || candidates.includes(false)
    case 'all-right':
      return baseline === true && !candidates.includes(false)
    case 'all-wrong':
      return baseline === false && !candidates.includes(true)
    case 'only-baseline-right':
      return baseline === true && !candidates.includes(true)
    case 'only-candidate-right':
      return baseline === false && candidates.includes(true)
  }
}

function outputRow(runs: readonly Run[], said: readonly Cell[], judgement: Judgement, texts: RowStore): OutputRow {
  const { row, text, label, fields } = texts.read(said[0]?.row as number)
  const right = rightness(said, judgement)
  const predictions = said.map((cell, k): ExamplePrediction => {
    const { answer, loss, value, text } = cell
    const predicted = answer && (runs[k]?.plan?.labels[answer.predicted] ?? String(answer.predicted))
    return {
      row,
      predicted,
      confidence: answer?.confidence ?? null,
      loss,
      value,
      ...(text !== undefined && { answer: text }),
      correct: right[k] === true,
    }
  })
  return { row, text, label, ...(fields && { fields }), predictions }
}

function list(names: readonly string[]): string {
  return names.map((name) => `“${name}”`).join(', ')
}
