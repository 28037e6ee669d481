import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mostInputs } from '../../../core/contract/methods.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import type { StartWorker } from '../../../core/worker/handle.ts'
import type { PredictSpec } from '../../../core/worker/protocol.ts'
import { goldenDir } from '../../golden/reference.ts'
import { barPicture, classFolders, writeFiles } from '../../support/media.ts'
import {
  importSample,
  openApp,
  type SmallApp,
  startScripted,
  temporaryPlace,
  until,
  untilState,
} from '../../support/small-app.ts'

/** An app, with what its predictions were started with, and how many of them were not left to end by themselves. */
async function appOf() {
  const asked: PredictSpec[] = []
  const ended = { byForce: 0 }
  const place = temporaryPlace()
  const startWorker: StartWorker = (spec, on) => {
    const handle = startScripted(spec, on)
    if (spec.kind !== 'predict') return handle
    asked.push(spec)
    const terminate = () => {
      ended.byForce++
      return handle.terminate()
    }
    return { ...handle, terminate }
  }
  return { ...(await openApp(place, { startWorker })), asked, ended, place }
}

const stopped = { code: 'stopped', message: 'The prediction was cancelled.' }

async function finishedRun(small: SmallApp, model: string, dataset: string, task?: TaskName): Promise<string> {
  const config = { model, dataset, max_length: 32, ...(task && { task }) }
  const { run } = await small.call('runs.create', { config })
  const ended = await untilState(small, run.id, 'finished', 'failed')
  expect(ended.error).toBeNull()
  return run.id
}

async function textRun(small: SmallApp): Promise<string> {
  const dataset = await importSample(small)
  const { models } = await small.call('models.list', {})
  const bert = models.find(({ architecture }) => architecture === 'bert')
  return finishedRun(small, bert?.id ?? '', dataset)
}

/** A run on pictures, which lie in a folder beside the home. */
async function pictureRun(small: Awaited<ReturnType<typeof appOf>>) {
  const folder = join(small.place.home, '..', 'bars')
  await writeFiles(folder, await classFolders(['low', 'high'], 6, 'png', barPicture))
  const of = (path: string) => ({ source: { kind: 'file' as const, handle: small.app.files.register(path) } })
  const { dataset } = await small.call('datasets.import', of(folder))
  const { model } = await small.call('models.add', of(join(goldenDir, 'family', 'vit-grey')))
  return { run: await finishedRun(small, model.id, dataset.id), folder }
}

test('files are handed over by handle or as rows, and stand for their names', async () => {
  const small = await appOf()
  const { run, folder } = await pictureRun(small)
  const path = join(folder, 'low', '3.png')
  const handle = small.app.files.register(path, 'my picture.png')
  const { labels, predictions } = await small.call('runs.predict', { id: run, files: [handle, { row: 4 }] })
  expect(labels).toEqual(['high', 'low'])
  expect(predictions).toHaveLength(2)
  const [spec] = small.asked
  expect(spec?.texts).toEqual(['my picture.png', 'Row 4'])
  expect(spec?.files).toEqual([{ path, fileName: 'my picture.png' }, { row: 4 }])
  expect(spec?.datasetDir.startsWith(small.home)).toBe(true)
})

test('inputs that are not what a run reads are refused in a sentence', async () => {
  const small = await appOf()
  const { run } = await pictureRun(small)
  const texts = await textRun(small)
  const ask = (id: string, more: object) => small.call('runs.predict', { id, ...more })
  const row = { row: 0 }
  await expect(ask(run, { texts: ['a'] })).rejects.toMatchObject({ code: 'bad_request', message: /needs a picture/ })
  await expect(ask(run, { files: ['elsewhere'] })).rejects.toMatchObject({ code: 'not_found' })
  await expect(ask(run, { files: [row], texts: ['a', 'b'] })).rejects.toThrow('as many as each other')
  await expect(ask(run, { files: Array(mostInputs.files + 1).fill(row) })).rejects.toMatchObject({
    code: 'bad_request',
  })
  await expect(ask(texts, { texts: ['a'], files: [row] })).rejects.toThrow('it reads no files')
  await expect(ask(texts, {})).rejects.toThrow('each input needs a text')
  await expect(ask(texts, { texts: ['a'], fields: [{}, {}] })).rejects.toThrow('as many as each other')
  expect(small.asked).toEqual([])
})

test('one is made after the other, tells how far it is, and either can be cancelled', async () => {
  const small = await appOf()
  const id = await textRun(small)
  const ask = (text: string, task: string) =>
    small.call('runs.predict', { id, texts: [text], task }).catch((thrown: unknown) => thrown)
  const first = ask('wait', 'a')
  const second = ask('x', 'b')
  const third = ask('x', 'c')
  await until(
    async () => small.events,
    (events) => events.some((event) => event.type === 'progress' && event.task === 'a' && event.label === 'Predicting'),
  )
  expect(small.events).toContainEqual({ type: 'progress', task: 'a', label: 'Predicting', done: 1, total: 4 })
  await small.call('runs.cancelPrediction', { task: 'b' })
  // One that waits need not wait for the end of the one before it.
  expect(await second).toMatchObject(stopped)
  await small.call('runs.cancelPrediction', { task: 'a' })
  expect(await first).toMatchObject(stopped)
  expect(await third).toMatchObject({ predictions: [{ label: 'ham' }] })
  expect(small.ended.byForce).toBe(0)
  expect(small.asked.map(({ texts }) => texts[0])).toEqual(['wait', 'x'])
  expect(await small.call('runs.cancelPrediction', { task: 'nothing' })).toEqual({})
})

test('closing ends the one under way and those that wait', async () => {
  const small = await appOf()
  const id = await textRun(small)
  const ask = (text: string) => small.call('runs.predict', { id, texts: [text] }).catch((thrown: unknown) => thrown)
  const asked = [ask('wait'), ask('x')]
  await until(
    async () => small.asked.length,
    (started) => started === 1,
  )
  await small.app.close()
  for (const one of asked) expect(await one).toMatchObject(stopped)
  expect(small.asked).toHaveLength(1)
})

test('of an input, all that the task reads is needed, and nothing else taken', async () => {
  const small = await appOf()
  const source = { kind: 'file' as const, handle: small.app.files.register(await questionsFile(small.home)) }
  const { dataset } = await small.call('datasets.import', { source, task: 'question-answering' })
  const { models } = await small.call('models.list', {})
  const bert = models.find(({ architecture }) => architecture === 'bert')
  const id = await finishedRun(small, bert?.id ?? '', dataset.id, 'question-answering')
  const ask = (...fields: Record<string, string>[]) =>
    small.call('runs.predict', { id, texts: fields.map(() => 'The meeting is at ten.'), fields })
  const question = 'When is it?'
  await expect(small.call('runs.predict', { id, texts: ['a'] })).rejects.toThrow('input 1 has no question.')
  await expect(ask({ question }, { question: ' ' })).rejects.toMatchObject({
    code: 'bad_request',
    message: /input 2 has no question\.$/,
  })
  await expect(ask({ question, querstion: 'x' })).rejects.toThrow(
    'a field "querstion" (did you mean "question"?); what it reads beside a text is question.',
  )
  await expect(ask({ question, answer: 'ten' })).rejects.toThrow('a field "answer"')
  expect(small.asked).toEqual([])
  await ask({ question })
  expect(small.asked[0]?.fields).toEqual([{ question }])

  const texts = await textRun(small)
  const fields = [{ question }]
  await expect(small.call('runs.predict', { id: texts, texts: ['a'], fields })).rejects.toThrow(
    'what it reads beside a text is nothing.',
  )
})

async function questionsFile(folder: string): Promise<string> {
  const rows = Array.from({ length: 20 }, (_, i) => `The meeting is at ${i}.,When is it?,${i}`)
  const path = join(folder, '..', 'questions.csv')
  await writeFile(path, ['context,question,answer', ...rows].join('\n'))
  return path
}
