import { randomUUID } from 'node:crypto'
import { AttuneError } from '../../contract/errors.ts'
import type { Alternative, Preflight, TimeForecast } from '../../contract/preflight.ts'
import type { RunConfigInput } from '../../contract/settings.ts'
import { bytes, count, duration, percent, plain } from '../format.ts'
import { type Ground, showingProgress } from '../ground.ts'
import type { Answer } from '../io.ts'
import { runConfigOf } from '../run-file.ts'
import { facts } from '../table.ts'

export interface PreflightOptions {
  readonly set: readonly string[]
  readonly measure: boolean
}

/** What a run would need. Steps are tried out in a process of its own, which Ctrl+C ends. */
export async function preflight(ground: Ground, file: string, { set, measure }: PreflightOptions): Promise<Answer> {
  const { call, io, output } = ground
  const config = await runConfigOf(ground, file, set)
  const task = randomUUID()
  const end = io.onSignal(() => void call('runs.cancelPreflight', { task }).catch(() => {}))
  try {
    if (measure) output.note('Trying out some steps: this takes their memory and a while.')
    const { preflight } = await showingProgress(ground, call('runs.preflight', { config, measure, task }))
    return { value: { preflight }, text: report(preflight), exitCode: preflight.verdict === 'does not fit' ? 1 : 0 }
  } finally {
    end()
  }
}

/** One line before a run begins; nothing where nothing can be said yet. */
export async function tellNeeds({ call, output }: Ground, config: RunConfigInput): Promise<void> {
  try {
    const { preflight } = await call('runs.preflight', { config })
    const { verdict, sentence, memory, disk, time } = preflight
    if (verdict !== 'fits') return output.note(sentence)
    const parts = [
      `about ${bytes(memory.peakBytes)} of memory`,
      `${bytes(disk.neededBytes)} of disk`,
      `${timeText(time)} (${sources[time.source]})`,
    ]
    output.note(`It will take ${parts.join(', ')}.`)
  } catch (error) {
    if (!(error instanceof AttuneError)) throw error
    // What is wrong with the settings will be said when the run is made.
    if (error.code === 'internal') output.note(`What it will take could not be foreseen: ${error.message}.`)
  }
}

const sources: Readonly<Record<TimeForecast['source'], string>> = {
  steps: 'measured',
  run: 'as an earlier run',
  graph: 'worked out, may be far off',
}

function timeText({ seconds, source }: TimeForecast): string {
  return source === 'graph' ? `about ${duration(Math.max(10, Math.round(seconds / 10) * 10))}` : duration(seconds)
}

function report({ sentence, memory, time, disk, plan, engine, precision, alternatives }: Preflight): string {
  const rows: [string, string][] = [
    ['memory', `${bytes(memory.peakBytes)} at its largest; ${bytes(memory.availableBytes)} can be had`],
    ...memory.parts.map((part): [string, string] => [`  ${part.name}`, bytes(part.bytes)]),
    ['time', `${timeText(time)} (${sources[time.source]})`],
    ['  starting', duration(time.startingSeconds)],
    [
      '  training',
      `${duration(time.trainingSeconds)}: ${count(plan.totalSteps)} steps of ${Math.round(time.stepMs)} ms, ${count(Math.round(time.tokensPerSecond))} ${time.counted}/s`,
    ],
    ['  evaluating', duration(time.evaluatingSeconds)],
    ['  saving', duration(time.savingSeconds)],
    ['disk', `${bytes(disk.neededBytes)} at the most; ${bytes(disk.freeBytes)} free`],
    ['  checkpoint', bytes(disk.checkpointBytes)],
    ['rows', `${plan.whole ? '' : '≈ '}${count(plan.trainRows)} to train, ${count(plan.evalRows)} to validate`],
    ['cut', `${percent(plan.truncatedShare)} of the rows${plan.whole ? '' : ' of a sample'}`],
    ['parameters', `${count(plan.trainableParameters)} of ${count(plan.parameters)} trained`],
    ['engine', `${engine}, ${precision}`],
  ]
  const ways = alternatives.map((alternative) => `- ${wayText(alternative)}`)
  const notes = [time.note, memory.source === 'bound' ? 'The eager engine takes at most so much memory.' : null]
  return [sentence, facts(rows), ...ways, ...notes.filter((note) => note !== null)].join('\n\n')
}

function wayText({ settings, peakBytes }: Alternative): string {
  const written = Object.entries(settings).map(([name, value]) => `--set ${name}=${plain(value)}`)
  return `${written.join(' ')}: ${bytes(peakBytes)}`
}
