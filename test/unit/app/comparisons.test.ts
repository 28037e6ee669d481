import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, mails, openApp, type SmallApp, temporaryPlace, untilState } from '../../support/small-app.ts'

/** One run after the other; the seed is how many of ten rows the script predicts right. */
async function runs(small: SmallApp, ...configs: object[]): Promise<string[]> {
  const ids: string[] = []
  for (const config of configs) {
    const input = { config: { model: 'minilm-l6', dataset: 'Mails', max_length: 32, ...config } }
    ids.push((await small.call('runs.create', input)).run.id)
  }
  for (const id of ids) await untilState(small, id, 'finished')
  return ids
}

async function readyApp(): Promise<SmallApp> {
  const small = await openApp(temporaryPlace())
  await importSample(small)
  return small
}

describe('a comparison', () => {
  test('joins settings, metrics, curves and outputs', async () => {
    const small = await readyApp()
    const ids = await runs(small, { seed: 5 }, { seed: 9, method: 'lora' })
    const found = await small.call('comparisons.get', { runs: ids })
    expect(found.runs.map(({ id }) => id)).toEqual(ids)

    const differing = found.configDiff.filter(({ differs }) => differs)
    expect(found.configDiff.slice(0, differing.length)).toEqual(differing)
    const byName = new Map(found.configDiff.map(({ setting, values }) => [setting, values]))
    expect(differing.map(({ setting }) => setting)).toEqual(
      expect.arrayContaining(['method', 'seed', 'learning_rate', 'lora_r', 'trainable_parameters']),
    )
    expect(byName.get('method')).toEqual(['full', 'lora'])
    expect(byName.get('lora_r')).toEqual([null, 8])
    expect(byName.get('trainable_parameters')).toEqual([1000, 10])
    expect(byName.get('dataset_version')?.[0]).toMatch(/^[0-9a-f]{64}$/)

    expect(found.metrics.find(({ series }) => series === 'train/loss')).toMatchObject({
      unit: 'nats',
      values: [{ deltaLast: 0 }, { deltaLast: 0 }],
    })
    expect(found.curves).toMatchObject([
      { run: ids[0], series: 'train/loss', total: 4 },
      { run: ids[1], series: 'train/loss', total: 4 },
    ])
    expect(found.outputs).toMatchObject({ common: 40, note: null })
  })

  test('says how far the repeats of a run lie apart', async () => {
    const small = await readyApp()
    const drift = { adam_epsilon: plays.drift }
    const [first = '', other = ''] = await runs(small, { seed: 1, ...drift }, { seed: 1, learning_rate: 0.1, ...drift })
    const { runs: repeats } = await small.call('runs.repeat', { id: first, seeds: [2, 3] })
    for (const { id } of repeats) await untilState(small, id, 'finished')
    // The same seed once more is no repeat.
    const { run: again } = await small.call('runs.reproduce', { id: first })
    await untilState(small, again.id, 'finished')

    const { metrics } = await small.call('comparisons.get', { runs: [first, other] })
    const losses = await Promise.all(
      [first, ...repeats.map(({ id }) => id)].map(
        async (id) => (await small.call('runs.get', { id })).run.metrics['train/loss']?.last.value ?? Number.NaN,
      ),
    )
    const mean = (losses[0] as number) / 3 + (losses[1] as number) / 3 + (losses[2] as number) / 3
    const deviation = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / 2)
    const [own, others] = metrics.find(({ series }) => series === 'train/loss')?.values ?? []
    expect(own?.spread?.runs).toBe(3)
    expect(own?.spread?.last.mean).toBeCloseTo(mean)
    expect(own?.spread?.last.deviation).toBeCloseTo(deviation)
    expect(others?.spread).toBeNull()
  })

  test('tells what a fork began with', async () => {
    const small = await readyApp()
    const [id = ''] = await runs(small, { name: 'parent' })
    const { run } = await small.call('runs.fork', { id, optimizer: true })
    await untilState(small, run.id, 'finished')
    const { configDiff } = await small.call('comparisons.get', { runs: [id, run.id] })
    expect(configDiff.find(({ setting }) => setting === 'starts_from')).toEqual({
      setting: 'starts_from',
      values: [null, 'step 4 of parent, with the optimizer'],
      differs: true,
    })
  })

  test('the verdict is about the rows that both predicted', async () => {
    const small = await readyApp()
    const ids = await runs(small, { seed: 3 }, { seed: 9 }, { seed: 3 })
    const { verdict, outputs } = await small.call('comparisons.get', { runs: ids })
    expect(verdict).toMatchObject([
      { baseline: ids[0], candidate: ids[1], outcome: 'better', examples: 40, onlyBaseline: 0 },
      { candidate: ids[2], outcome: 'cannot tell', onlyBaseline: 0, onlyCandidate: 0 },
    ])
    expect(outputs.disagree).toBe(verdict[0]?.onlyCandidate)
  })

  test('outputs can be filtered, searched and turned over', async () => {
    const small = await readyApp()
    const ids = await runs(small, { seed: 3 }, { seed: 8 })
    const ask = async (more: object) => small.call('comparisons.outputs', { runs: ids, ...more })
    const all = await ask({ limit: 500 })
    expect(all.rows).toHaveLength(40)
    for (const { row, label, predictions } of all.rows) {
      for (const { row: predicted, correct, predicted: name } of predictions) {
        expect(predicted).toBe(row)
        expect(correct).toBe(name === label)
      }
    }
    const rowsOf = (rows: typeof all.rows) => rows.map(({ row }) => row)
    const where = (is: (a: boolean, b: boolean) => boolean) =>
      rowsOf(all.rows.filter(({ predictions: [a, b] }) => is(a?.correct === true, b?.correct === true)))
    const disagree = await ask({ filter: 'disagree', limit: 500 })
    expect(rowsOf(disagree.rows)).toEqual(where((a, b) => a !== b))
    expect(disagree.matching).toBe(all.disagree)
    expect(disagree.matching).toBeGreaterThan(0)
    expect(rowsOf((await ask({ filter: 'wrong', limit: 500 })).rows)).toEqual(where((a, b) => !a || !b))
    expect(rowsOf((await ask({ filter: 'only-candidate-right', limit: 500 })).rows)).toEqual(where((a, b) => !a && b))
    expect((await ask({ filter: 'only-baseline-right' })).rows).toEqual([])

    const page = await ask({ offset: 10, limit: 5 })
    expect(rowsOf(page.rows)).toEqual(rowsOf(all.rows).slice(10, 15))
    const found = await ask({ search: 'MEETING', limit: 500 })
    expect(found.matching).toBe(20)
    expect(found.rows.every(({ text }) => text.includes('meeting'))).toBe(true)
  })

  test('runs that held out different rows are judged on the common part, and it says so', async () => {
    const small = await readyApp()
    const ids = await runs(small, { seed: 5 }, { seed: 5, split_seed: 7 })
    const { outputs, verdict } = await small.call('comparisons.get', { runs: ids })
    expect(outputs.common).toBeGreaterThan(0)
    expect(outputs.common).toBeLessThan(40)
    expect(outputs.note).toMatch(new RegExp(`on the ${outputs.common} validation rows in common, of up to 40`))
    expect(verdict[0]?.examples).toBe(outputs.common)
  })

  test('runs on different versions of the data have no rows in common', async () => {
    const small = await readyApp()
    const file = join(small.home, 'other.csv')
    await writeFile(file, mails(100))
    const handle = small.app.files.register(file)
    await small.call('datasets.import', { source: { kind: 'file', handle }, name: 'Other' })
    const ids = await runs(small, { seed: 5 }, { seed: 5, dataset: 'Other' })
    const { outputs, verdict, configDiff } = await small.call('comparisons.get', { runs: ids })
    expect(outputs).toMatchObject({ common: 0, matching: 0, rows: [], note: expect.stringMatching(/another version/) })
    expect(verdict).toEqual([null])
    expect(configDiff.find(({ setting }) => setting === 'dataset_version')?.differs).toBe(true)
  })

  test('a run is not compared with itself', async () => {
    const small = await readyApp()
    const [id = ''] = await runs(small, { seed: 5 })
    await expect(small.call('comparisons.get', { runs: [id, id] })).rejects.toMatchObject({ code: 'bad_request' })
  })
})
