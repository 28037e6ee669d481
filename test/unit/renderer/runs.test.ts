import { describe, expect, test } from 'vitest'
import type { Run, RunState } from '../../../core/contract/domain.ts'
import { resultsOf, taskJudgements } from '../../../core/contract/judgement.ts'
import { methods } from '../../../core/contract/methods.ts'
import { runConfigInputSchema, type TaskName, tasks } from '../../../core/contract/settings.ts'
import { bestResult } from '../../../renderer/charts/series.ts'
import { chartsOf } from '../../../renderer/features/runs/chart-groups.ts'
import { drawnRow } from '../../../renderer/features/runs/drawn-row.ts'
import { drawnOf, firstDrawn, type ListView, listed, mostDrawn } from '../../../renderer/features/runs/list-order.ts'
import { elapsedMs, progressText, remainingMs, shareDone } from '../../../renderer/features/runs/progress.ts'
import { canResume, nextSeeds, readSeeds } from '../../../renderer/features/runs/resumable.ts'
import { settingRows, settingText } from '../../../renderer/features/runs/settings-rows.ts'
import { recordedOf } from '../../../renderer/features/runs/use-series.ts'
import { sorted } from '../../../renderer/ui/sorting.ts'

function run(id: string, state: RunState = 'finished', change: Partial<Run> = {}): Run {
  const input = runConfigInputSchema.parse({ model: 'm', dataset: 'd', method: 'lora' })
  return {
    id,
    name: `run ${id}`,
    state,
    phase: null,
    phaseProgress: null,
    config: { ...input, task: 'text-classification', target_modules: ['query', 'value'], learning_rate: 1e-3 },
    model: { id: 'm', name: 'MiniLM', weightsHash: 'aa' },
    dataset: { id: 'd', name: 'mails', contentHash: 'bb' },
    colour: 0,
    createdAt: Number(id),
    startedAt: 1000,
    endedAt: null,
    step: 50,
    epoch: 0.5,
    plan: {
      totalSteps: 200,
      stepsPerEpoch: 100,
      trainRows: 1600,
      evalRows: 400,
      labels: ['ham', 'spam'],
      parameters: 100,
      trainableParameters: 1,
      lengthBuckets: [128],
      truncatedShare: 0.25,
    },
    engine: null,
    metrics: {},
    timings: null,
    error: null,
    stopRequested: false,
    bytes: 0,
    notes: '',
    appVersion: '0',
    revision: 1,
    ...change,
  }
}

const speed = (value: number): Run['metrics'] => ({
  'perf/examples_per_second': { last: { value, step: 50 }, best: { value, step: 50 } },
})
const accuracy = (value: number): Run['metrics'] => ({
  'eval/accuracy': { last: { value, step: 1 }, best: { value, step: 1 } },
})

describe('how far a run is', () => {
  test('time left follows from the speed last measured', () => {
    // 150 steps of 16 rows at 40 rows a second.
    expect(remainingMs(run('1', 'running', { metrics: speed(40) }))).toBe(60_000)
    expect(remainingMs(run('1', 'running'))).toBeNull()
    expect(remainingMs(run('1', 'finished', { metrics: speed(40) }))).toBeNull()
  })

  test('the share is known once the plan is', () => {
    expect(shareDone(run('1'))).toBe(0.25)
    expect(shareDone(run('1', 'running', { plan: null }))).toBeNull()
  })

  test('in words', () => {
    const training = run('1', 'running', { phase: 'training', metrics: speed(40) })
    expect(progressText(training)).toBe('Training, step 50 of 200, epoch 0.50, about 1\u202fmin 00\u202fs left')
    expect(progressText({ ...training, stopRequested: true })).toBe('Stopping after this step')
    expect(progressText(run('1', 'running', { phase: 'tokenizing', phaseProgress: 0.4 }))).toBe('Tokenizing, 40\u202f%')
    expect(progressText(run('1', 'queued'))).toBe('Waits for the run before it')
  })

  test('elapsed time stands still at the end', () => {
    expect(elapsedMs(run('1'), 5000)).toBe(4000)
    expect(elapsedMs(run('1', 'finished', { endedAt: 3000 }), 5000)).toBe(2000)
    expect(elapsedMs(run('1', 'finished', { endedAt: 3000, idleMs: 1500 }), 5000)).toBe(500)
    expect(elapsedMs(run('1', 'queued', { startedAt: null }), 5000)).toBeNull()
  })
})

describe('going on and again', () => {
  test('a paused or interrupted run can be resumed, a stopped or failed one with a checkpoint', () => {
    const states: [RunState, number, boolean][] = [
      ['paused', 0, true],
      ['interrupted', 0, true],
      ['stopped', 5, true],
      ['stopped', 0, false],
      ['failed', 5, true],
      ['finished', 5, false],
      ['running', 5, false],
      ['queued', 5, false],
    ]
    for (const [state, bytes, can] of states) expect([state, canResume({ state, bytes })]).toEqual([state, can])
  })

  test('seeds as they are typed', () => {
    expect(nextSeeds(42, 3)).toEqual([43, 44, 45])
    expect(nextSeeds(2147483647, 2)).toEqual([0, 1])
    expect(readSeeds(' 1, 2;3 2')).toEqual([1, 2, 3])
    for (const wrong of ['', '1,x', '-1', '2147483648', nextSeeds(0, 21).join(',')]) expect(readSeeds(wrong)).toBeNull()
  })
})

describe('the list', () => {
  const view: ListView = { search: '', filter: 'all', order: 'newest' }
  const runs = [
    run('1', 'finished', { name: 'amber', metrics: accuracy(0.9) }),
    run('2', 'failed', { name: 'birch', notes: 'too high a rate' }),
    run('3', 'archived'),
    run('4', 'running', { metrics: accuracy(0.8) }),
  ]
  const ids = (change: Partial<ListView>) => listed(runs, { ...view, ...change }).map(({ id }) => id)

  test('leaves out what is archived until it is asked for', () => {
    expect(ids({})).toEqual(['4', '2', '1'])
    expect(ids({ filter: 'archived' })).toEqual(['3'])
    expect(ids({ filter: 'ended early' })).toEqual(['2'])
  })

  test('every word is looked for in name, model, dataset, method, state and notes', () => {
    expect(ids({ search: 'AMBER minilm lora' })).toEqual(['1'])
    expect(ids({ search: 'rate mails' })).toEqual(['2'])
    expect(ids({ search: 'amber birch' })).toEqual([])
  })

  test('by accuracy, runs without one last', () => {
    expect(ids({ order: 'accuracy' })).toEqual(['1', '4', '2'])
  })

  test('the latest ten are drawn unasked, hidden and queued ones never', () => {
    const many = Array.from({ length: 60 }, (_, index) => run(String(index)))
    expect(drawnOf(many, [], false)).toHaveLength(firstDrawn)
    expect(drawnOf(many, [], true)).toHaveLength(mostDrawn)
    expect(drawnOf([run('1'), run('2', 'queued'), run('3')], ['3'], false).map(({ id }) => id)).toEqual(['1'])
  })
})

describe('the charts of a run', () => {
  test.each(tasks)('%s: all that it records, once, and no more than one call may ask for', (task) => {
    const recorded = recordedOf(task)
    const drawn = chartsOf(task).flatMap(({ series }) => series.map(({ name }) => name))
    expect(drawn.toSorted()).toEqual(recorded.toSorted())
    expect(methods['metrics.series'].input.safeParse({ runs: ['a'], series: recorded }).success).toBe(true)
    // What it is judged by is among the curves.
    expect(recorded).toContain(taskJudgements[task].metric)
  })

  test('what is read against each other shares one; alone, a measure has its own name', () => {
    const titles = (task: TaskName) => chartsOf(task).map(({ title }) => title)
    expect(titles('image-classification').slice(0, 2)).toEqual(['Loss', 'Accuracy and F1'])
    expect(titles('decision-making')).toContain('Validation accuracy')
    expect(chartsOf('automatic-speech-recognition').find(({ title }) => title === 'Error rate')?.series).toEqual([
      { name: 'eval/wer', label: 'Words', dash: 'solid' },
      { name: 'eval/cer', label: 'Characters', dash: 'dashed' },
    ])
  })

  test('the best of a run is what its task is judged by', () => {
    const { best } = accuracy(0.9125)['eval/accuracy'] ?? expect.fail()
    const of = (task: TaskName, series: string) =>
      bestResult(
        run('1', 'finished', { config: { ...run('1').config, task }, metrics: { [series]: { best, last: best } } }),
      )
    expect(of('image-classification', 'eval/accuracy')?.text).toBe('accuracy 91.3\u202f%')
    expect(of('automatic-speech-recognition', 'eval/cer')?.text).toBe('CER 0.9125')
    expect(of('text-generation', 'eval/accuracy')).toBeNull()
    expect(resultsOf('preference', 1).map(({ name }) => name)).toEqual([
      'eval/reward_accuracy',
      'eval/reward_margin',
      'eval/loss',
    ])
    expect(resultsOf('text-generation', 0).map(({ name }) => name)).toEqual(['eval/loss'])
  })

  test('runs are sorted by their best values, those of one measure together', () => {
    const config = { ...run('1').config, task: 'text-regression' as const }
    const estimated = (value: number) => {
      const best = { value, step: 1 }
      return run('1', 'finished', { config, metrics: { 'eval/mse': { best, last: best } } })
    }
    const runs = [
      estimated(12345),
      run('2', 'finished', { metrics: accuracy(0.5) }),
      estimated(13.5),
      run('3'),
      estimated(2e-5),
    ]
    const byResult = sorted(runs, (one) => bestResult(one)?.order ?? null, false)
    expect(byResult.map((one) => bestResult(one)?.text ?? null)).toEqual([
      'accuracy 50.0\u202f%',
      ...['squared error 2.00e−5', 'squared error 13.50', 'squared error 12,345', null],
    ])
  })
})

describe('the settings of a run', () => {
  const row = (given: Run, name: string) => settingRows(given).find((one) => one.name === name)

  test("the learning rate's default is the method's", () => {
    expect(row(run('1'), 'learning_rate')).toMatchObject({ value: '0.001', differsFrom: null })
    const full = run('1', 'finished', { config: { ...run('1').config, method: 'full' } })
    expect(row(full, 'learning_rate')?.differsFrom).toBe('5e-5')
  })

  test('settings of another method are not shown', () => {
    expect(row(run('1'), 'lora_r')?.value).toBe('8')
    expect(row(run('1', 'finished', { config: { ...run('1').config, method: 'head' } }), 'lora_r')).toBeUndefined()
  })

  test('values as a person writes them', () => {
    expect(settingText(2e-5)).toBe('2e-5')
    expect(settingText(['query', 'value'])).toBe('query, value')
    expect(settingText(undefined)).toBe('not set')
    expect(settingText(0)).toBe('0')
  })
})

test('any row of a dataset is drawn, and none twice in a row', () => {
  const drawn = (total: number, taken: number | null, count = total) =>
    Array.from({ length: count }, (_, i) => drawnRow(total, taken, i / count))
  expect(drawn(4, null)).toEqual([0, 1, 2, 3])
  expect(drawn(4, 0, 3)).toEqual([1, 2, 3])
  expect(drawn(4, 2, 3)).toEqual([0, 1, 3])
  expect(drawn(4, 3, 3)).toEqual([0, 1, 2])
  expect(drawnRow(4, 3, 0.999)).toBe(2)
  expect(drawn(1, 0)).toEqual([0])
})
