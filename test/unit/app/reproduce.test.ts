import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { Run } from '../../../core/contract/domain.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, openApp, type SmallApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'

interface Ready extends SmallApp {
  readonly specs: TrainSpec[]
  readonly original: Run
}

async function ready(play: keyof typeof plays = 'train'): Promise<Ready> {
  const specs: TrainSpec[] = []
  const small = await openApp(temporaryPlace(), {}, (spec) => {
    if (spec.kind === 'train') specs.push(spec)
  })
  await importSample(small)
  const config = { model: 'minilm-l6', dataset: 'Mails', name: 'first', max_length: 32, adam_epsilon: plays[play] }
  const { run } = await small.call('runs.create', { config })
  return { ...small, specs, original: await untilState(small, run.id, 'finished') }
}

const get = async ({ call }: SmallApp, id: string) => (await call('runs.get', { id })).run

function untilJudged(small: SmallApp, id: string): Promise<Run> {
  return until(
    () => get(small, id),
    ({ reproduction }) => reproduction !== null && reproduction?.outcome !== 'pending',
  )
}

/** On the database directly, as an earlier process may have left it. */
function execute(home: string, sql: string, id: string): void {
  const database = new Database(join(home, 'attune.sqlite'))
  database.pragma('foreign_keys = ON')
  database.prepare(sql).run(id)
  database.close()
}

describe('a reproduction', () => {
  test('is the same run again, and says that it came out equal', async () => {
    // Its memory is never the same: that is no difference.
    const small = await ready('many')
    const { original } = small
    const { run } = await small.call('runs.reproduce', { id: original.id })
    expect(run).toMatchObject({
      name: 'first reproduced',
      origin: { kind: 'reproduction', run: original.id, name: 'first' },
      reproduction: { outcome: 'pending' },
    })
    const { name: _, ...settings } = run.config
    const { name: __, ...before } = original.config
    expect(settings).toEqual(before)
    const ended = await untilJudged(small, run.id)
    expect(ended.reproduction).toEqual({
      outcome: 'equal',
      sentence: 'It came out equal, bit for bit: 4 recorded values, the final weights, all predictions.',
      values: 4,
      first: null,
      weights: 'equal',
      predictions: 'equal',
      causes: [],
    })
    // The engine of the original is asked for by name: "auto" could come to another one now.
    expect(small.specs.map(({ config }) => config.engine)).toEqual(['auto', 'eager'])
    const { lines } = await small.call('runs.log', { id: run.id })
    expect(lines.at(-1)?.text).toMatch(/^It came out equal/)
  })

  test('says what differs first, and the likely cause', async () => {
    const small = await ready('drift')
    const { run } = await small.call('runs.reproduce', { id: small.original.id })
    const { reproduction } = await untilJudged(small, run.id)
    expect(reproduction).toMatchObject({
      outcome: 'different',
      first: { series: 'train/loss', step: 3 },
      weights: 'different',
      predictions: 'equal',
      causes: [expect.stringMatching(/^Nothing in the two records differs/)],
    })
    const { original, reproduced } = reproduction?.first ?? {}
    expect(reproduction?.sentence).toContain(
      `first at step 3, train/loss: ${original} then, ${reproduced} now; the final weights differ. Nothing in the two`,
    )
    expect(original).not.toBe(reproduced)
  })

  test('by another version of Attune names that as the cause', async () => {
    const before = await ready('drift')
    await before.app.close()
    const small = await openApp({ home: before.home, cache: before.cache }, { version: '9.9.9' })
    const { run } = await small.call('runs.reproduce', { id: before.original.id })
    const { reproduction } = await untilJudged(small, run.id)
    expect(reproduction?.causes).toEqual(['Attune was version 1.2.3 and is 9.9.9 now.'])
  })

  test('is judged at the next start where its process ended before', async () => {
    const before = await ready()
    const { run } = await before.call('runs.reproduce', { id: before.original.id })
    await untilJudged(before, run.id)
    await before.app.close()
    execute(before.home, "UPDATE runs SET reproduction = json_set(reproduction, '$.result', NULL) WHERE id = ?", run.id)
    const small = await openApp({ home: before.home, cache: before.cache })
    expect((await untilJudged(small, run.id)).reproduction?.outcome).toBe('equal')
  })

  test('is compared with an original that was deleted meanwhile', async () => {
    const small = await ready()
    await small.call('queue.pause', { paused: true })
    const { run } = await small.call('runs.reproduce', { id: small.original.id })
    await small.call('runs.delete', { id: small.original.id })
    await small.call('queue.pause', { paused: false })
    const judged = await untilJudged(small, run.id)
    expect(judged).toMatchObject({ origin: { deleted: true }, reproduction: { outcome: 'equal' } })
  })

  test('of an original that was removed for good has nothing to be compared with', async () => {
    const small = await ready()
    await small.call('queue.pause', { paused: true })
    const { run } = await small.call('runs.reproduce', { id: small.original.id })
    execute(small.home, 'DELETE FROM runs WHERE id = ?', small.original.id)
    await small.call('queue.pause', { paused: false })
    expect(await untilJudged(small, run.id)).toMatchObject({
      origin: { name: 'first', deleted: true },
      reproduction: { outcome: 'none', sentence: expect.stringMatching(/removed for good/) },
    })
  })
})

describe('is refused', () => {
  test('when the model, the tokenizer or the dataset is not what it was, by name', async () => {
    const small = await ready()
    const { original } = small
    const modelDir = join(small.home, 'models', original.model.id)
    const refusal = async () =>
      small.call('runs.reproduce', { id: original.id }).then(
        () => null,
        (error) => [error.code, error.details.field],
      )
    for (const [path, field, change] of [
      [join(modelDir, 'config.json'), 'model', (text: string) => `${text}\n`],
      [join(modelDir, 'tokenizer.json'), 'tokenizer', (text: string) => `${text}\n`],
      [
        join(small.home, 'datasets', original.dataset.id, 'dataset.json'),
        'dataset',
        (text: string) => text.replace(original.dataset.contentHash, 'f'.repeat(64)),
      ],
    ] as const) {
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, change(text))
      expect(await refusal()).toEqual(['conflict', field])
      writeFileSync(path, text)
    }
    expect(await refusal()).toBeNull()
  })

  test('for a run that has not come to its end', async () => {
    const small = await ready()
    const config = { ...small.original.config, adam_epsilon: plays.crash }
    const { run } = await small.call('runs.create', { config })
    await untilState(small, run.id, 'failed')
    await expect(small.call('runs.reproduce', { id: run.id })).rejects.toThrowError(/is failed: only a finished run/)
  })
})
