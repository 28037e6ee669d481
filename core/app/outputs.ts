import { setImmediate } from 'node:timers/promises'
import type { ExamplePrediction, OutputFilter, OutputRow, Outputs, Run } from '../contract/domain.ts'
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
}

const nothing = (note: string): Joined => ({ sides: [], count: 0, note })

/** Joins runs on the rows of one dataset version. */
export function joinRuns(judged: readonly Judged[]): Joined {
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
  if (count === most) return { sides, count, note: null }
  const reason = 'the runs held out different rows (validation_split, split_seed or max_eval_samples differ)'
  if (count === 0) return nothing(`The runs have no validation row in common: ${reason}.`)
  return { sides, count, note: `Judged on the ${count} validation rows in common, of up to ${most}: ${reason}.` }
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
    const [baseline, candidate] = cells(joined, i).map(isRight)
    if (baseline && candidate) counts.bothRight++
    else if (baseline) counts.onlyBaseline++
    else if (candidate) counts.onlyCandidate++
    else counts.bothWrong++
  }
  return counts
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
    if (disagrees(said)) disagree++
    if (passes(filter, said)) passing.push(i)
  }
  if (passing.length === 0) return { common: count, disagree, note, matching: 0, rows: [] }
  const texts = openRowStore(datasetDir)
  try {
    const matching = search ? await containing(search, passing, joined, texts) : passing
    const rows = matching.slice(offset, offset + limit).map((i) => outputRow(runs, cells(joined, i), texts))
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
  readonly predicted: number
  readonly gold: number
  readonly confidence: number
  readonly loss: number
}

/** What each run said about the i-th common row. */
function cells({ sides }: Joined, i: number): Cell[] {
  return sides.map(({ columns, positions }) => {
    const position = positions[i] as number
    return {
      row: columns.rows[position] as number,
      predicted: columns.predicted[position] as number,
      gold: columns.gold[position] as number,
      confidence: columns.confidence[position] as number,
      loss: columns.loss[position] as number,
    }
  })
}

function isRight({ predicted, gold }: Cell): boolean {
  return predicted === gold
}

function disagrees(said: readonly Cell[]): boolean {
  return said.some(({ predicted }) => predicted !== said[0]?.predicted)
}

function passes(filter: OutputFilter, said: readonly Cell[]): boolean {
  const [baseline, ...candidates] = said.map(isRight)
  switch (filter) {
    case 'all':
      return true
    case 'disagree':
      return disagrees(said)
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

function outputRow(runs: readonly Run[], said: readonly Cell[], texts: RowStore): OutputRow {
  const { row, text, label } = texts.read(said[0]?.row as number)
  const predictions = said.map((cell, k): ExamplePrediction => {
    const predicted = runs[k]?.plan?.labels[cell.predicted] ?? String(cell.predicted)
    return { row, predicted, confidence: cell.confidence, loss: cell.loss, correct: isRight(cell) }
  })
  return { row, text, label, predictions }
}

function list(names: readonly string[]): string {
  return names.map((name) => `“${name}”`).join(', ')
}
