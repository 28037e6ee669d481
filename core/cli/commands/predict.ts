import type { Prediction } from '../../contract/domain.ts'
import { AttuneError } from '../../contract/errors.ts'
import { percent } from '../format.ts'
import { findRun, type Ground } from '../ground.ts'
import { readTexts } from '../input-texts.ts'
import type { Answer } from '../io.ts'
import { table } from '../table.ts'

export interface PredictOptions {
  readonly input?: string
  readonly text?: readonly string[]
  readonly column?: string
  readonly checkpoint: 'best' | 'last' | number
}

/** The contract takes so many texts in one call; each call loads the model once. */
const textsPerCall = 10_000

export async function predict(ground: Ground, wanted: string, options: PredictOptions): Promise<Answer> {
  const { input, text = [], column, checkpoint } = options
  if (input === undefined && text.length === 0) {
    throw new AttuneError('bad_request', 'There is nothing to predict: give --input FILE or --text "…".')
  }
  const { id } = await findRun(ground, wanted)
  const texts = [...text, ...(input === undefined ? [] : await readTexts(input, column, ground.io))]
  let labels: string[] = []
  const predictions: Prediction[] = []
  for (let from = 0; from < texts.length; from += textsPerCall) {
    if (texts.length > textsPerCall) ground.output.progress(`Predicting ${from} of ${texts.length} …`)
    const some = texts.slice(from, from + textsPerCall)
    const answer = await ground.call('runs.predict', { id, checkpoint, texts: some })
    labels = answer.labels
    predictions.push(...answer.predictions)
  }
  ground.output.settle()
  const rows = predictions.map((prediction, i) => ({ ...prediction, text: texts[i] ?? '' }))
  const shown = table<(typeof rows)[number]>(
    [
      { title: 'LABEL', value: ({ label }) => label, max: 24 },
      { title: 'SURE', value: ({ scores }) => percent(Math.max(...scores)), right: true },
      { title: 'TEXT', value: ({ text }) => text, max: 80 },
    ],
    rows,
  )
  return { value: { labels, predictions: rows }, text: shown }
}
