import { setImmediate } from 'node:timers/promises'
import type { XAxis } from '../contract/domain.ts'
import type { MetricQueries } from './queries/metrics.ts'
import type { Points } from './thin.ts'

/** Rows of one query: a few milliseconds, between which the process answers others. */
const pageRows = 2000
/** Columns kept in memory, over all curves: 64 MiB. */
const keptNumbers = 8 * 2 ** 20

/**
 * Whole curves, kept in memory as columns: a chart that follows a run asks several times a second, and only the points
 * that were added since are read. The least recently asked go first.
 */
export class Curves {
  private readonly metrics: MetricQueries
  private readonly attemptOf: (run: string) => number
  private readonly tables = new Map<string, Table>()

  /** `attemptOf`: a number that changes when a run goes back to an earlier step. */
  constructor(metrics: MetricQueries, attemptOf: (run: string) => number) {
    this.metrics = metrics
    this.attemptOf = attemptOf
  }

  /** All points that are committed now, along steps, epochs, examples, tokens, or milliseconds of training. */
  async points(run: string, series: string, axis: XAxis): Promise<Points> {
    const attempt = this.attemptOf(run)
    const points = await this.table(`points ${run} ${attempt} ${series}`, 2, (from, limit) =>
      this.metrics.points(run, series, from, limit),
    )
    const step = points.column(0)
    const value = points.column(1)
    if (axis === 'step') return { step, x: step, value }
    const ticks = await this.table(`ticks ${run} ${attempt}`, 5, (from, limit) => this.metrics.ticks(run, from, limit))
    return { step, value, x: alongTicks(step, ticks, axis) }
  }

  private async table(key: string, width: number, read: ReadPage): Promise<Table> {
    const table = this.tables.get(key) ?? new Table(width)
    this.tables.delete(key)
    this.tables.set(key, table)
    await table.follow(read)
    this.evict()
    return table
  }

  private evict(): void {
    let kept = 0
    for (const table of this.tables.values()) kept += table.size
    for (const [key, table] of this.tables) {
      if (kept <= keptNumbers) return
      kept -= table.size
      this.tables.delete(key)
    }
  }
}

type ReadPage = (fromStep: number, limit: number) => readonly (readonly (number | null)[])[]

/** Rows by ascending step as growing columns, the step first. */
class Table {
  private columns: Float64Array<ArrayBuffer>[]
  private length = 0
  private following: Promise<void> = Promise.resolve()

  constructor(width: number) {
    this.columns = Array.from({ length: width }, () => new Float64Array(64))
  }

  get size(): number {
    return this.columns.length * (this.columns[0]?.length ?? 0)
  }

  column(index: number): Float64Array {
    return (this.columns[index] as Float64Array).subarray(0, this.length)
  }

  /** Reads on from the newest known step, which may have been told of again. One reader at a time. */
  follow(read: ReadPage): Promise<void> {
    this.following = this.following.catch(() => {}).then(() => this.readOn(read))
    return this.following
  }

  private async readOn(read: ReadPage): Promise<void> {
    for (;;) {
      const newest = this.length === 0 ? -1 : (this.columns[0]?.[this.length - 1] as number)
      const page = read(newest, pageRows)
      if (page[0]?.[0] === newest) this.length--
      for (const row of page) this.push(row)
      if (page.length < pageRows) return
      await setImmediate()
    }
  }

  private push(row: readonly (number | null)[]): void {
    if (this.length === this.columns[0]?.length) {
      this.columns = this.columns.map((column) => {
        const larger = new Float64Array(2 * column.length)
        larger.set(column)
        return larger
      })
    }
    for (const [index, column] of this.columns.entries()) column[this.length] = row[index] ?? Number.NaN
    this.length++
  }
}

/** Which column of a tick is which axis. */
const axes = { epoch: 1, examples: 2, tokens: 3, time: 4 } as const

/** Both ascend, and each point's step has its tick: one walk joins them. */
function alongTicks(step: Float64Array, ticks: Table, axis: Exclude<XAxis, 'step'>): Float64Array {
  const tickSteps = ticks.column(0)
  const values = ticks.column(axes[axis])
  let tick = 0
  return step.map((wanted) => {
    while (tick < tickSteps.length - 1 && (tickSteps[tick] as number) < wanted) tick++
    return values[tick] ?? Number.NaN
  })
}
