import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, openApp, type SmallApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'

async function readyApp(): Promise<SmallApp & { dataset: string }> {
  const small = await openApp(temporaryPlace())
  return { ...small, dataset: await importSample(small) }
}

async function start(small: SmallApp, play: keyof typeof plays, more = {}): Promise<string> {
  const config = { model: 'minilm-l6', dataset: 'Mails', max_length: 32, adam_epsilon: plays[play], ...more }
  return (await small.call('runs.create', { config })).run.id
}

describe('a run', () => {
  test('goes from the queue to its end, and its record is what happened', async () => {
    const small = await readyApp()
    const { run: queued } = await small.call('runs.create', {
      config: { model: 'tiny', dataset: small.dataset, max_length: 32, method: 'lora' },
    })
    expect(queued).toMatchObject({
      state: 'queued',
      colour: 0,
      appVersion: '1.2.3',
      name: expect.stringMatching(/^lora-tiny-[a-z]+-[a-z]+$/),
      config: { dataset: small.dataset, learning_rate: 1e-3, lora_r: 8 },
    })
    const run = await untilState(small, queued.id, 'finished', 'failed')
    expect(run).toMatchObject({
      state: 'finished',
      step: 4,
      plan: { trainRows: 160, evalRows: 40, labels: ['ham', 'spam'] },
      metrics: { 'train/loss': { last: { value: 0.25, step: 4 } } },
      timings: { steps: 4 },
      error: null,
    })
    const { checkpoints } = await small.call('runs.checkpoints', { id: run.id })
    expect(checkpoints).toMatchObject([{ step: 4, best: true, last: true, bytes: run.bytes }])
    expect(existsSync(join(checkpoints[0]?.path ?? '', 'model.safetensors'))).toBe(true)
    const { series } = await small.call('metrics.series', {
      runs: [run.id],
      series: ['train/loss'],
      smoothing: 0,
      x: 'time',
    })
    expect(series).toMatchObject([{ run: run.id, total: 4, x: [10, 20, 30, 40], last: [1, 0.5, 1 / 3, 0.25] }])
    const told = small.events.filter((event) => event.type === 'run').map((event) => event.revision)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
    expect(told.at(-1)).toBe(run.revision)
  })

  test.each([
    ['crash', 'internal', /The script fell over/],
    ['exit', 'internal', /exit code 3/],
    ['exhaust', 'out_of_memory', /per_device_train_batch_size/],
    ['gap', 'internal', /group 2 of its events where 1 was due/],
  ] as const)('that ends by "%s" is failed, says so, and the queue goes on', async (play, code, sentence) => {
    const small = await readyApp()
    const failing = await start(small, play)
    const next = await start(small, 'train')
    const run = await untilState(small, failing, 'failed', 'finished')
    expect(run).toMatchObject({
      state: 'failed',
      error: { code, message: expect.stringMatching(sentence) },
      phase: null,
    })
    const { lines } = await small.call('runs.log', { id: failing })
    expect(lines.at(-1)).toMatchObject({ level: 'error', text: expect.stringMatching(sentence) })
    expect((await untilState(small, next, 'finished', 'failed')).state).toBe('finished')
  })

  test('runs one at a time, in the order of the queue', async () => {
    const small = await readyApp()
    const first = await start(small, 'untilStopped')
    const second = await start(small, 'train')
    await untilState(small, first, 'running')
    expect((await small.call('runs.get', { id: second })).run.state).toBe('queued')
    await small.call('runs.stop', { id: first })
    const [a, b] = [await untilState(small, first, 'stopped'), await untilState(small, second, 'finished')]
    expect(b.startedAt).toBeGreaterThanOrEqual(a.endedAt ?? 0)
  })
})

describe('stopping', () => {
  test('with the weights kept writes a last checkpoint', async () => {
    const small = await readyApp()
    const id = await start(small, 'untilStopped')
    await until(
      () => small.call('runs.get', { id }),
      ({ run }) => run.step > 2,
    )
    expect((await small.call('runs.stop', { id, keep: true })).run.stopRequested).toBe(true)
    await untilState(small, id, 'stopped')
    expect((await small.call('runs.checkpoints', { id })).checkpoints).toHaveLength(1)
  })

  test('at once writes none', async () => {
    const small = await readyApp()
    const id = await start(small, 'untilStopped')
    await untilState(small, id, 'running')
    await small.call('runs.stop', { id, keep: false })
    await untilState(small, id, 'stopped')
    expect((await small.call('runs.checkpoints', { id })).checkpoints).toEqual([])
  })

  test('takes a queued run out of the queue, and refuses one that has ended', async () => {
    const small = await readyApp()
    const first = await start(small, 'untilStopped')
    const queued = await start(small, 'train')
    expect((await small.call('runs.stop', { id: queued })).run).toMatchObject({ state: 'stopped', startedAt: null })
    await expect(small.call('runs.stop', { id: queued })).rejects.toMatchObject({ code: 'conflict' })
    await untilState(small, first, 'running')
    await small.call('runs.stop', { id: first })
    await untilState(small, first, 'stopped')
  })
})

describe('settings that cannot be', () => {
  const refused: [wrong: object, code: string, sentence: RegExp][] = [
    [{ max_length: 4000 }, 'bad_config', /max_length is 4000: the model "Tiny" has 64 positions/],
    [
      { method: 'lora', target_modules: ['querry'] },
      'bad_config',
      /no linear layer "querry".*Did you mean "[\w.]*query"/,
    ],
    [{ max_steps: 0 }, 'bad_config', /max_steps is 0/],
    [{ adam_beta2: 1 }, 'bad_config', /adam_beta2 is 1/],
    [{ model: 'tyni' }, 'bad_config', /no model "tyni". Did you mean "Tiny"/],
    [{ dataset: 'mail' }, 'bad_config', /no dataset "mail". Did you mean "Mails"/],
    [{ learning_rate: -1 }, 'bad_config', /learning_rate/],
    [{ learnig_rate: 1e-3 }, 'bad_config', /"learnig_rate".*"learning_rate"/],
  ]
  test.each(refused)('%j', async (wrong, code, sentence) => {
    const small = await readyApp()
    const config = { model: 'minilm-l6', dataset: 'Mails', max_length: 32, ...wrong }
    await expect(small.call('runs.create', { config })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(sentence),
    })
    expect((await small.call('runs.list', {})).runs).toEqual([])
  })
})

describe('what people do with runs', () => {
  test('rename, note, archive and back', async () => {
    const small = await readyApp()
    const id = await start(small, 'train')
    await untilState(small, id, 'finished')
    const { run } = await small.call('runs.update', { id, name: 'best yet', notes: 'Look at row 5.' })
    expect(run).toMatchObject({ name: 'best yet', notes: 'Look at row 5.' })
    expect((await small.call('runs.archive', { id, archived: true })).run.state).toBe('archived')
    expect((await small.call('runs.archive', { id, archived: false })).run.state).toBe('finished')
  })

  test('delete and undo, files included; not while it runs', async () => {
    const small = await readyApp()
    const id = await start(small, 'untilStopped')
    await untilState(small, id, 'running')
    await expect(small.call('runs.delete', { id })).rejects.toMatchObject({ code: 'conflict' })
    await small.call('runs.stop', { id })
    const { bytes } = await untilState(small, id, 'stopped')
    const [checkpoint] = (await small.call('runs.checkpoints', { id })).checkpoints
    expect(await small.call('runs.delete', { id })).toEqual({ bytes })
    expect((await small.call('runs.list', {})).runs).toEqual([])
    expect(existsSync(checkpoint?.path ?? '')).toBe(false)
    await expect(small.call('runs.get', { id })).rejects.toMatchObject({ code: 'not_found' })
    await small.call('runs.restore', { id })
    expect((await small.call('runs.list', {})).runs).toMatchObject([{ id, state: 'stopped' }])
    expect(existsSync(checkpoint?.path ?? '')).toBe(true)
  })

  test('names are unique, colours spread', async () => {
    const small = await readyApp()
    const ids = [await start(small, 'train', { name: 'a' }), await start(small, 'train', { name: 'a' })]
    for (const id of ids) await untilState(small, id, 'finished')
    const { runs } = await small.call('runs.list', {})
    expect(runs.map(({ name, colour }) => [name, colour])).toEqual([
      ['a (2)', 1],
      ['a', 0],
    ])
  })

  test('the best checkpoint predicts, is exported and forked unless another is asked for', async () => {
    const asked: string[] = []
    const small = await openApp(temporaryPlace(), {}, (spec) => {
      if (spec.kind === 'predict') asked.push(basename(spec.checkpointDir))
    })
    await importSample(small)
    const id = await start(small, 'many')
    await untilState(small, id, 'finished')
    await small.call('runs.predict', { id, texts: ['one'] })
    for (const checkpoint of ['last', 3] as const) await small.call('runs.predict', { id, texts: ['one'], checkpoint })
    expect(asked).toEqual(['checkpoint-2', 'checkpoint-4', 'checkpoint-3'])
    expect((await small.call('runs.export', { id })).path).toMatch(/-step-2$/)
    expect((await small.call('runs.export', { id, checkpoint: 'last' })).path).toMatch(/-step-4$/)
    expect((await small.call('runs.fork', { id })).run.origin?.step).toBe(2)
  })

  test('predict with the weights of a run', async () => {
    const small = await readyApp()
    const id = await start(small, 'train')
    await untilState(small, id, 'finished')
    const { labels, predictions } = await small.call('runs.predict', { id, texts: ['one', 'two'] })
    expect(labels).toEqual(['ham', 'spam'])
    expect(predictions).toEqual([
      { label: 'ham', scores: [0.75, 0.25] },
      { label: 'ham', scores: [0.75, 0.25] },
    ])
    const without = await start(small, 'crash')
    await untilState(small, without, 'failed')
    await expect(small.call('runs.predict', { id: without, texts: ['x'] })).rejects.toMatchObject({ code: 'not_found' })
  })
})
