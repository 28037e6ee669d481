import { randomUUID } from 'node:crypto'
import type { Prediction, Run } from '../../contract/domain.ts'
import { type ErrorPayload, predictionCancelled, toErrorPayload } from '../../contract/errors.ts'
import { mediaOf, readsFilesAlone } from '../../contract/roles.ts'
import { readable } from '../answers.ts'
import { count, percent } from '../format.ts'
import { findRun, type Ground, showingProgress } from '../ground.ts'
import { type InputOptions, type Inputs, readInputs } from '../inputs.ts'
import type { Answer } from '../io.ts'
import { type Column, table } from '../table.ts'

export interface PredictOptions extends InputOptions {
  readonly checkpoint: 'best' | 'last' | number
}

/**
 * Inputs of one call, which loads the model: so many that this costs little beside them, so few that a fault loses little.
 * No more than mostInputs.
 */
const perCall = { text: 1000, image: 500, audio: 100 } as const

/**
 * What a run says to texts, or to pictures or clips and what is asked of them. SIGINT cancels; after that, and after an
 * input that cannot be read, what has been said until then is the answer, with the fault.
 */
export async function predict(ground: Ground, wanted: string, options: PredictOptions): Promise<Answer> {
  const run = await findRun(ground, wanted)
  const { task } = run.config
  const inputs = await readInputs(ground, run, options)
  const { texts, names } = inputs
  const { labels, predictions, fault } = await predictAll(ground, run, options.checkpoint, inputs)
  const rows = predictions.map((prediction, i) => ({
    ...prediction,
    ...(names && { file: names[i] ?? '' }),
    text: texts[i] ?? '',
  }))
  type Row = (typeof rows)[number]
  const said: Column<Row>[] =
    rows[0]?.label == null
      ? [{ title: 'ANSWER', value: ({ answer = '', text }) => readable(task, text, answer), max: 80 }]
      : [
          { title: 'LABEL', value: ({ label }) => label ?? '', max: 24 },
          { title: 'SURE', value: ({ scores }) => percent(Math.max(...scores)), right: true },
        ]
  const file: Column<Row>[] = names ? [{ title: 'FILE', value: ({ file: name = '' }) => name, max: 60 }] : []
  const text: Column<Row> = {
    title: readsFilesAlone(task) ? 'FILE' : 'TEXT',
    value: ({ text: asked }) => asked,
    max: 80,
  }
  return { value: { labels, predictions: rows }, text: table([...said, ...file, text], rows), fault }
}

interface Said {
  labels: string[]
  /** Of the inputs from the first on; of all of them where there is no fault. */
  readonly predictions: Prediction[]
  fault?: ErrorPayload
}

/** As many calls as it takes. A fault keeps what the ones before have said; rejects with it where that is nothing. */
async function predictAll(
  ground: Ground,
  { id, config }: Run,
  checkpoint: PredictOptions['checkpoint'],
  { texts, fields, files }: Inputs,
): Promise<Said> {
  const most = perCall[mediaOf(config.task) ?? 'text']
  const task = randomUUID()
  let stopped = false
  const unlisten = ground.io.onSignal(() => {
    stopped = true
    void ground.call('runs.cancelPrediction', { task })
  })
  const said: Said = { labels: [], predictions: [] }
  try {
    for (let from = 0; from < texts.length; from += most) {
      if (stopped) throw predictionCancelled()
      if (texts.length > most) ground.output.note(`Inputs ${count(from + 1)} and on, of ${count(texts.length)}:`)
      const some = <T>(all: readonly T[] | undefined) => all?.slice(from, from + most)
      const columns = { texts: some(texts), fields: some(fields), files: some(files) }
      const answer = await showingProgress(ground, ground.call('runs.predict', { id, checkpoint, ...columns, task }))
      said.labels = answer.labels
      said.predictions.push(...answer.predictions)
    }
  } catch (thrown) {
    if (said.predictions.length === 0) throw thrown
    said.fault = toErrorPayload(thrown)
    ground.output.note(`${count(said.predictions.length)} of ${count(texts.length)} inputs have an answer.`)
  } finally {
    unlisten()
  }
  return said
}
