import { randomUUID } from 'node:crypto'
import type { Prediction } from '../../contract/domain.ts'
import { mostInputs } from '../../contract/methods.ts'
import { readsFilesAlone } from '../../contract/roles.ts'
import { readable } from '../answers.ts'
import { percent } from '../format.ts'
import { findRun, type Ground, showingProgress } from '../ground.ts'
import { type InputOptions, type Inputs, readInputs } from '../inputs.ts'
import type { Answer } from '../io.ts'
import { type Column, table } from '../table.ts'

export interface PredictOptions extends InputOptions {
  readonly checkpoint: 'best' | 'last' | number
}

/** What a run says to texts, or to pictures or clips and what is asked of them. SIGINT cancels. */
export async function predict(ground: Ground, wanted: string, options: PredictOptions): Promise<Answer> {
  const run = await findRun(ground, wanted)
  const { task } = run.config
  const inputs = await readInputs(ground, run, options)
  const { texts, names } = inputs
  const { labels, predictions } = await predictAll(ground, run.id, options.checkpoint, inputs)
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
  return { value: { labels, predictions: rows }, text: table([...said, ...file, text], rows) }
}

/** As many calls as it takes; each loads the model once. */
async function predictAll(
  ground: Ground,
  id: string,
  checkpoint: PredictOptions['checkpoint'],
  { texts, fields, files }: Inputs,
): Promise<{ labels: string[]; predictions: Prediction[] }> {
  const most = files ? mostInputs.files : mostInputs.texts
  const task = randomUUID()
  const unlisten = ground.io.onSignal(() => void ground.call('runs.cancelPrediction', { task }))
  let labels: string[] = []
  const predictions: Prediction[] = []
  try {
    for (let from = 0; from < texts.length; from += most) {
      if (texts.length > most) ground.output.note(`Inputs ${from + 1} and on, of ${texts.length}:`)
      const some = <T>(all: readonly T[] | undefined) => all?.slice(from, from + most)
      const columns = { texts: some(texts), fields: some(fields), files: some(files) }
      const answer = await showingProgress(ground, ground.call('runs.predict', { id, checkpoint, ...columns, task }))
      labels = answer.labels
      predictions.push(...answer.predictions)
    }
  } finally {
    unlisten()
  }
  return { labels, predictions }
}
