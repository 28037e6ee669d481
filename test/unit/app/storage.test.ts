import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyCheckpoint } from '../../../core/checkpoint/save.ts'
import type { Run } from '../../../core/contract/domain.ts'
import { folderBytes } from '../../../core/util/files.ts'
import { plays } from '../../support/scripted-worker.ts'
import { importSample, openApp, type SmallApp, temporaryPlace, until, untilState } from '../../support/small-app.ts'

async function readyApp(): Promise<SmallApp> {
  const small = await openApp(temporaryPlace())
  await importSample(small)
  return small
}

async function start({ call }: SmallApp, play: keyof typeof plays, more = {}): Promise<string> {
  const config = { model: 'minilm-l6', dataset: 'Mails', max_length: 32, adam_epsilon: plays[play], ...more }
  return (await call('runs.create', { config })).run.id
}

async function finished(small: SmallApp, play: keyof typeof plays): Promise<Run> {
  return untilState(small, await start(small, play), 'finished')
}

const checkpointsOf = async ({ call }: SmallApp, id: string) => (await call('runs.checkpoints', { id })).checkpoints
const spaceOf = async ({ call }: SmallApp, id: string) =>
  (await call('storage.get', {})).runs.find(({ run }) => run === id)
const freedFolders = ({ home }: SmallApp) => readdirSync(join(home, 'trash', 'freed'))

describe('freeing space', () => {
  test('removes the checkpoints that are neither best nor last, and can be undone', async () => {
    const small = await readyApp()
    const { id, bytes } = await finished(small, 'many')
    const before = await checkpointsOf(small, id)
    expect(before.map(({ step, best, last }) => [step, best, last])).toEqual([
      [4, false, true],
      [3, false, false],
      [2, true, false],
      [1, false, false],
    ])
    const spare = before.filter(({ best, last }) => !best && !last)
    const spareBytes = spare.reduce((sum, checkpoint) => sum + checkpoint.bytes, 0)
    expect(await spaceOf(small, id)).toMatchObject({ bytes, checkpoints: 4, spareBytes, resumable: false })

    const freed = await small.call('storage.free', {})
    expect(freed).toEqual({ bytes: spareBytes, undo: expect.any(String) })
    expect((await checkpointsOf(small, id)).map(({ step }) => step)).toEqual([4, 2])
    expect((await small.call('runs.get', { id })).run.bytes).toBe(bytes - spareBytes)
    expect(spare.some(({ path }) => existsSync(path))).toBe(false)
    expect(await small.call('storage.free', {})).toEqual({ bytes: 0, undo: null })

    await small.call('storage.undo', { undo: freed.undo ?? '' })
    expect(await checkpointsOf(small, id)).toEqual(before)
    for (const { path } of before) await verifyCheckpoint(path)
    expect((await small.call('runs.get', { id })).run.bytes).toBe(bytes)
    expect(freedFolders(small)).toEqual([])
    await expect(small.call('storage.undo', { undo: freed.undo ?? '' })).rejects.toThrowError(/for good/)
  })

  test('never takes the newest that is whole, should the last one be damaged', async () => {
    const small = await readyApp()
    const { id } = await finished(small, 'many')
    const [last] = await checkpointsOf(small, id)
    appendFileSync(join(last?.path ?? '', 'model.safetensors'), 'x')
    await small.call('storage.free', { runs: [id] })
    expect((await checkpointsOf(small, id)).map(({ step }) => step)).toEqual([4, 3, 2])
  })

  test("removes the optimizer's state of finished runs where that is asked for", async () => {
    const small = await readyApp()
    const { id } = await finished(small, 'train')
    const [before] = await checkpointsOf(small, id)
    expect(before?.optimizerBytes).toBeGreaterThan(0)
    const { bytes, undo } = await small.call('storage.free', { optimizer: true })
    expect(bytes).toBe(before?.optimizerBytes)
    const [after] = await checkpointsOf(small, id)
    expect(after).toMatchObject({ optimizerBytes: 0 })
    expect(after?.bytes).toBeLessThan((before?.bytes ?? 0) - bytes + 1)
    await verifyCheckpoint(after?.path ?? '')
    await expect(small.call('runs.fork', { id, optimizer: true })).rejects.toThrowError(/removed to free space/)
    await small.call('runs.fork', { id })

    await small.call('storage.undo', { undo: undo ?? '' })
    expect((await checkpointsOf(small, id))[0]?.optimizerBytes).toBe(before?.optimizerBytes)
    await verifyCheckpoint(before?.path ?? '')
  })

  test('of a run that could go on is asked for by name, and it then says why it cannot', async () => {
    const small = await readyApp()
    const id = await start(small, 'steady')
    await until(
      async () => (await small.call('runs.get', { id })).run.step,
      (step) => step > 3,
    )
    await expect(small.call('storage.free', { runs: [id] })).rejects.toMatchObject({ code: 'conflict' })
    await small.call('runs.pause', { id })
    await untilState(small, id, 'paused')
    expect(await spaceOf(small, id)).toMatchObject({ resumable: true })
    await small.call('storage.free', { optimizer: true })
    expect((await checkpointsOf(small, id))[0]?.optimizerBytes).toBeGreaterThan(0)
    const { undo } = await small.call('storage.free', { runs: [id], optimizer: true })
    await expect(small.call('runs.resume', { id })).rejects.toMatchObject({
      code: 'conflict',
      details: { offer: 'fork' },
      message: expect.stringMatching(/optimizer's state was removed .* Fork it/),
    })
    await small.call('storage.undo', { undo: undo ?? '' })
    await small.call('runs.resume', { id })
    await untilState(small, id, 'finished')
  })

  test('leaves a damaged checkpoint as it is, and puts nothing back into a run that was deleted', async () => {
    const small = await readyApp()
    const [damaged, deleted] = [await finished(small, 'train'), await finished(small, 'train')]
    const [checkpoint] = await checkpointsOf(small, damaged.id)
    rmSync(join(checkpoint?.path ?? '', 'manifest.json'))
    const { undo } = await small.call('storage.free', { optimizer: true })
    expect((await checkpointsOf(small, damaged.id))[0]?.optimizerBytes).toBeGreaterThan(0)
    expect((await checkpointsOf(small, deleted.id))[0]?.optimizerBytes).toBe(0)
    await small.call('runs.delete', { id: deleted.id })
    await small.call('storage.undo', { undo: undo ?? '' })
    expect(existsSync(join(small.home, 'runs', deleted.id))).toBe(false)
    await small.call('runs.restore', { id: deleted.id })
    await small.call('runs.fork', { id: deleted.id })
  })

  test('frees for good when the app ends, and what a killed process left at the next start', async () => {
    const small = await readyApp()
    await finished(small, 'many')
    await small.call('storage.free', {})
    expect(freedFolders(small)).toHaveLength(1)
    await small.app.close()
    expect(freedFolders(small)).toEqual([])

    mkdirSync(join(small.home, 'trash', 'freed', '1-gone.token'))
    const later = await openApp({ home: small.home, cache: small.cache })
    expect(freedFolders(later)).toEqual([])
  })
})

test('what a fork shares with its parent counts once, and frees nothing while both are there', async () => {
  const small = await readyApp()
  const parent = await finished(small, 'train')
  const { runBytes } = await small.call('storage.get', {})
  await small.call('queue.pause', { paused: true })
  const { run: child } = await small.call('runs.fork', { id: parent.id, optimizer: true })
  const manifest = await folderBytes(join(small.home, 'runs', child.id), { own: true })
  expect(child.bytes).toBeGreaterThan(manifest)
  expect((await small.call('storage.get', {})).runBytes).toBe(runBytes + manifest)
  expect((await small.call('storage.free', { runs: [parent.id], optimizer: true })).bytes).toBe(0)
})

test('the trash is emptied for good', async () => {
  const small = await readyApp()
  const { id } = await finished(small, 'train')
  await small.call('runs.delete', { id })
  const { trashBytes } = await small.call('storage.get', {})
  expect(trashBytes).toBeGreaterThan(0)
  expect(await small.call('storage.emptyTrash', {})).toEqual({ bytes: trashBytes })
  expect((await small.call('storage.get', {})).trashBytes).toBe(0)
  await expect(small.call('runs.restore', { id })).rejects.toMatchObject({ code: 'not_found' })
})
