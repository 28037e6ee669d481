import type { Run } from '../../contract/domain.ts'
import type { Output } from '../../contract/methods.ts'
import { bytes, count, duration, moment, number, plain } from '../format.ts'
import { findRun, type Ground } from '../ground.ts'
import type { Answer } from '../io.ts'
import { facts, table } from '../table.ts'

export async function listRuns({ call }: Ground): Promise<Answer> {
  const { runs } = await call('runs.list', {})
  const queue = await call('queue.get', {})
  const state = ({ id, state }: Run) => (state === 'queued' ? `queued, ${queue.runs.indexOf(id) + 1}` : state)
  const metric = (series: string) => (run: Run) => {
    const best = run.metrics[series]?.best
    return best === undefined ? '–' : number(best.value)
  }
  const text =
    runs.length === 0
      ? 'No runs yet. Train one: attune train CONFIG.json --watch'
      : table(
          [
            { title: 'ID', value: ({ id }: Run) => id },
            { title: 'NAME', value: ({ name }) => name, max: 32 },
            { title: 'STATE', value: state },
            { title: 'MODEL', value: ({ model }) => model.name, max: 20 },
            { title: 'METHOD', value: ({ config }) => config.method },
            { title: 'STEP', value: ({ step, plan }) => `${step}/${plan?.totalSteps ?? '?'}`, right: true },
            { title: 'VAL. LOSS', value: metric('eval/loss'), right: true },
            { title: 'ACCURACY', value: metric('eval/accuracy'), right: true },
            { title: 'CREATED', value: ({ createdAt }) => moment(createdAt) },
          ],
          runs,
        )
  return { value: { runs }, text }
}

export async function showRun(ground: Ground, wanted: string): Promise<Answer> {
  const run = await findRun(ground, wanted)
  const { checkpoints } = await ground.call('runs.checkpoints', { id: run.id })
  return { value: { run, checkpoints }, text: described(run, checkpoints) }
}

export async function stopRun(ground: Ground, wanted: string, keep: boolean): Promise<Answer> {
  const { id } = await findRun(ground, wanted)
  const { run } = await ground.call('runs.stop', { id, keep })
  const text = run.state === 'stopped' ? `${run.name} is stopped.` : `${run.name} stops after its present step.`
  return { value: { run }, text }
}

export async function renameRun(ground: Ground, wanted: string, name: string): Promise<Answer> {
  const { id } = await findRun(ground, wanted)
  const { run } = await ground.call('runs.update', { id, name })
  return { value: { run }, text: `${run.id} is now ${run.name}.` }
}

export async function deleteRun(ground: Ground, wanted: string): Promise<Answer> {
  const { id, name } = await findRun(ground, wanted)
  const deleted = await ground.call('runs.delete', { id })
  const text = `${name} is deleted (${bytes(deleted.bytes)}). "attune runs restore ${id}" brings it back.`
  return { value: { id, ...deleted }, text }
}

/** By id only: a deleted run is in no list. */
export async function restoreRun({ call }: Ground, id: string): Promise<Answer> {
  const { run } = await call('runs.restore', { id })
  return { value: { run }, text: `${run.name} is back.` }
}

export async function logOfRun(ground: Ground, wanted: string): Promise<Answer> {
  const { id } = await findRun(ground, wanted)
  const lines: Output<'runs.log'>['lines'] = []
  for (;;) {
    const page = await ground.call('runs.log', { id, after: lines.at(-1)?.seq ?? -1, limit: 5000 })
    lines.push(...page.lines)
    if (page.lines.length < 5000) break
  }
  const text = lines.map(({ at, level, text }) => `${moment(at)}  ${level === 'info' ? '' : `${level}: `}${text}`)
  return { value: { lines }, text: text.join('\n') }
}

export interface ExportOptions {
  readonly checkpoint: 'best' | 'last' | number
  readonly merge: boolean
}

export async function exportRun(ground: Ground, wanted: string, options: ExportOptions): Promise<Answer> {
  const { id } = await findRun(ground, wanted)
  ground.output.note('Exporting …')
  const { checkpoint, merge } = options
  const exported = await ground.call('runs.export', { id, checkpoint, merge })
  const text = `${exported.path}\n${exported.files.map((file) => `  ${file}`).join('\n')}\n${bytes(exported.bytes)}`
  return { value: exported, text }
}

function originText({ kind, name, run, step, deleted }: NonNullable<Run['origin']>): string {
  const what = kind === 'fork' ? `fork of step ${step} of` : `${kind} of`
  return `${what} ${name} (${run}${deleted ? ', deleted' : ''})`
}

function described(run: Run, checkpoints: Output<'runs.checkpoints'>['checkpoints']): string {
  const { plan, timings, engine } = run
  const lastStep = checkpoints.find(({ last }) => last)?.step ?? Number.POSITIVE_INFINITY
  const parts = [
    facts([
      ['id', run.id],
      ['name', run.name],
      ['state', run.phase ? `${run.state}, ${run.phase}` : run.state],
      ...(run.error ? [['error', run.error.message] as const] : []),
      ['model', run.model.name],
      ['dataset', `${run.dataset.name} (version ${run.dataset.contentHash.slice(0, 12)})`],
      ...(run.origin ? [['from', originText(run.origin)] as const] : []),
      ...(run.reproduction ? [['reproduction', run.reproduction.sentence] as const] : []),
      ['created', moment(run.createdAt)],
      ['step', `${count(run.step)} of ${plan ? count(plan.totalSteps) : '?'}, epoch ${number(run.epoch)}`],
      ...(plan
        ? [['trained', `${count(plan.trainableParameters)} of ${count(plan.parameters)} parameters`] as const]
        : []),
      ...(engine
        ? [['engine', `${engine.kind}, ${engine.backend} ${engine.version}, ${engine.threads} threads`] as const]
        : []),
      ...(timings
        ? [['time', `${duration(timings.seconds)} training, ${duration(timings.totalSeconds)} in all`] as const]
        : []),
      ['on disk', bytes(run.bytes)],
    ]),
    table(
      [
        { title: 'METRIC', value: ([series]: [string, Run['metrics'][string]]) => series },
        { title: 'LAST', value: ([, { last }]) => number(last.value), right: true },
        { title: 'BEST', value: ([, { best }]) => number(best.value), right: true },
        { title: 'AT STEP', value: ([, { best }]) => String(best.step), right: true },
      ],
      Object.entries(run.metrics),
    ),
    table(
      [
        { title: 'CHECKPOINT', value: ({ step }: (typeof checkpoints)[number]) => `step ${step}` },
        {
          title: '',
          value: ({ best, last, step }) =>
            [best && 'best', last && 'last', step > lastStep && 'diverged'].filter(Boolean).join(', '),
        },
        { title: 'SIZE', value: (checkpoint) => bytes(checkpoint.bytes), right: true },
        {
          title: 'OPTIMIZER',
          value: ({ optimizerBytes }) => (optimizerBytes === 0 ? '–' : bytes(optimizerBytes)),
          right: true,
        },
        { title: 'FOLDER', value: ({ path }) => path },
      ],
      checkpoints,
    ),
    facts(Object.entries(run.config).map(([name, value]) => [name, plain(value)] as const)),
  ]
  return parts.join('\n\n')
}
