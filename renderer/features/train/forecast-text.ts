import type { Run } from '../../../core/contract/domain.ts'
import type { Alternative, MemoryForecast, Preflight, TimeForecast } from '../../../core/contract/preflight.ts'
import type { Fact } from '../../ui/fact-rows.tsx'
import { formatBytes, formatCount, formatDuration, formatRate, formatShort } from '../../ui/format.ts'
import type { Fork } from './fork.ts'
import { methodProblem } from './fork.ts'

/** All but the memory, which has its bar. */
export function forecastRows({ time, plan, disk }: Preflight): Fact[] {
  const about = plan.whole ? '' : '≈ '
  return [
    { name: 'Time', value: timeText(time.seconds * 1000, time), note: timeSources[time.source] },
    {
      name: 'Steps',
      value: `${about}${formatCount(plan.totalSteps)}`,
      note: `${formatCount(plan.stepsPerEpoch)} an epoch`,
    },
    { name: 'A step', value: timeText(time.stepMs, time) },
    { name: 'Speed', value: rateText(time) },
    {
      name: 'Rows',
      value: `${about}${formatCount(plan.trainRows)} to train`,
      note: `${formatCount(plan.evalRows)} to validate`,
    },
    {
      name: 'Trained',
      value: `${formatShort(plan.trainableParameters)} parameters`,
      note: `of ${formatShort(plan.parameters)}`,
    },
    {
      name: 'Disk',
      value: `${formatBytes(disk.neededBytes)} at most`,
      note: `${formatBytes(disk.checkpointBytes)} a checkpoint`,
    },
  ]
}

const timeSources: Readonly<Record<TimeForecast['source'], string>> = {
  steps: 'measured here',
  run: 'as an earlier run took',
  graph: 'may be far off',
}

/** What is only worked out is not told to the second. */
function timeText(ms: number, { source }: Pick<TimeForecast, 'source'>): string {
  return source === 'graph' ? `≈ ${formatDuration(rounded(ms)).replace(/ 00.s$/, '')}` : formatDuration(ms)
}

function rateText({ tokensPerSecond, counted, source }: TimeForecast): string {
  const rate = source === 'graph' ? rounded(tokensPerSecond) : tokensPerSecond
  return `${source === 'graph' ? '≈ ' : ''}${formatRate(rate, counted === 'tokens' ? 'real tokens' : counted)}`
}

/** To two figures. */
function rounded(value: number): number {
  return Number(value.toPrecision(2))
}

const memorySources: Readonly<Record<MemoryForecast['source'], string>> = {
  steps: 'measured',
  graph: '≈',
  bound: 'at most',
}

/** "≈ 1.3 GB", "1.5 GB, measured" */
export function memoryText({ peakBytes, source }: MemoryForecast): string {
  const how = memorySources[source]
  return source === 'steps' ? `${formatBytes(peakBytes)}, ${how}` : `${how} ${formatBytes(peakBytes)}`
}

/** How much of it has to come yet, beside what there is. */
export function needText({ neededBytes, availableBytes }: MemoryForecast): string {
  const free = formatBytes(availableBytes)
  return neededBytes < 1e6
    ? `No more than Attune holds now; ${free} are free`
    : `Adds ${formatBytes(neededBytes)} of the ${free} that are free`
}

/** The alternatives that this draft can take: a fork has its method, and with the optimizer's state its optimizer. */
export function offered(
  alternatives: readonly Alternative[],
  fork: Fork | null,
  parent: Run | undefined,
): readonly Alternative[] {
  if (fork === null || parent === undefined) return alternatives
  return alternatives.filter(
    ({ settings: { method, optim } }) =>
      (method === undefined || methodProblem(method, parent) === null) && !(fork.optimizer && optim !== undefined),
  )
}
