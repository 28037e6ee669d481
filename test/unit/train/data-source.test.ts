import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AttuneError } from '../../../core/contract/errors.ts'
import type { RunConfigInput } from '../../../core/contract/settings.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import { startData } from '../../../core/train/data-source.ts'
import { type DataSpec, prepareData } from '../../../core/train/prepare.ts'
import { goldenDir } from '../../golden/reference.ts'
import { errorOf } from '../../support/temporary.ts'
import { ofKind, seriesOf, tinySpec, trainTiny } from './fixture.ts'

const words = ['win', 'a', 'free', 'prize', 'click', 'the', 'kernel', 'patch', 'list', 'meeting']

/** Enough rows for a thread to pay: about 400 kB. */
async function large(settings: Partial<RunConfigInput> = {}) {
  const spec = await tinySpec({ max_steps: 2, eval_steps: 2, max_eval_samples: 8, ...settings })
  const rows = async function* () {
    for (let i = 0; i < 2500; i++) {
      const text = Array.from({ length: 8 + (i % 20) }, (_, k) => words[(i * 7 + k * k) % words.length]).join(' ')
      yield { line: i + 1, text, label: i % 3 === 0 ? 'spam' : 'ham' }
    }
  }
  await writeRowStore(spec.datasetDir, rows())
  const { config, datasetDir, modelDir, labels } = spec
  const data: DataSpec = { task: config.task, config, datasetDir, modelDir, labels }
  return { spec, data }
}

describe('data that is prepared in a thread of its own', () => {
  test.each<[string, Partial<RunConfigInput>]>([
    ['text-classification', {}],
    ['text-generation', { task: 'text-generation' }],
  ])('is the same: %s', async (task, settings) => {
    const { data } = await large(settings)
    const spec = task === 'text-generation' ? { ...data, modelDir: join(goldenDir, 'tiny-gpt2'), labels: [] } : data
    const here = await prepareData(spec, false, () => {})
    for (const remembered of [0, 1]) {
      const there = await startData(spec).result(() => {})
      const rows = here.data.train.rows.length + here.data.validation.rows.length
      expect(there).toEqual({ ...here, tokenised: remembered ? 0 : rows, remembered: remembered ? rows : 0 })
    }
  })

  test('tells how far it is, and stops when it is told to', async () => {
    const { data } = await large()
    const source = startData(data)
    const stopped = new AttuneError('stopped', 'The run was stopped on request.')
    let asked = 0
    const stop = () => {
      if (++asked === 2) throw stopped
    }
    // Asked while nothing has come of it yet, too.
    await expect(source.result(stop)).rejects.toBe(stopped)
    source.close()
  })

  test('names what is wrong', async () => {
    const { data } = await large()
    const error = await errorOf('bad_data', () => startData({ ...data, labels: ['ham', 'other'] }).result(() => {}))
    expect(error.message).toContain('"spam"')
    await errorOf('not_found', () => startData({ ...data, modelDir: join(data.modelDir, 'nowhere') }).result(() => {}))
  })

  test('closed before anyone asked for it, it ends without a word', async () => {
    const { data } = await large()
    startData(data).close()
  })

  test('a second run on it trains the same, and says where its tokens came from', async () => {
    const { spec } = await large()
    const [first, second] = [await trainTiny(spec), await trainTiny({ ...spec, runDir: `${spec.runDir}-2` })]
    expect([first.thrown, second.thrown]).toEqual([null, null])
    expect(await readdir(join(spec.datasetDir, 'tokens'))).toHaveLength(1)
    expect(seriesOf(second.events, 'train/loss')).toEqual(seriesOf(first.events, 'train/loss'))
    const told = ({ events }: typeof first) => ofKind(events, 'log').some(({ text }) => text.includes('earlier run'))
    expect([told(first), told(second)]).toEqual([false, true])
  })
})
