import { filledWords, taggedWords } from '../../contract/answers.ts'
import type { Prediction, Run } from '../../contract/domain.ts'
import { AttuneError } from '../../contract/errors.ts'
import { readBeside } from '../../contract/roles.ts'
import { percent } from '../format.ts'
import { findRun, type Ground } from '../ground.ts'
import { readTexts } from '../input-texts.ts'
import type { Answer } from '../io.ts'
import { type Column, table } from '../table.ts'

export interface PredictOptions {
  readonly input?: string
  readonly text?: readonly string[]
  readonly column?: string
  readonly field?: readonly string[]
  readonly checkpoint: 'best' | 'last' | number
}

/** The contract takes so many texts in one call; each call loads the model once. */
const textsPerCall = 10_000

export async function predict(ground: Ground, wanted: string, options: PredictOptions): Promise<Answer> {
  const { input, text = [], column, checkpoint } = options
  if (input === undefined && text.length === 0) {
    throw new AttuneError('bad_request', 'There is nothing to predict: give --input FILE or --text "…".')
  }
  const run = await findRun(ground, wanted)
  const texts = [...text, ...(input === undefined ? [] : await readTexts(input, column, ground.io))]
  const fields = await fieldsOf(run, texts.length, ground, options)
  let labels: string[] = []
  const predictions: Prediction[] = []
  for (let from = 0; from < texts.length; from += textsPerCall) {
    if (texts.length > textsPerCall) ground.output.progress(`Predicting ${from} of ${texts.length} …`)
    const some = texts.slice(from, from + textsPerCall)
    const beside = fields && { fields: fields.slice(from, from + textsPerCall) }
    const answer = await ground.call('runs.predict', { id: run.id, checkpoint, texts: some, ...beside })
    labels = answer.labels
    predictions.push(...answer.predictions)
  }
  ground.output.settle()
  const rows = predictions.map((prediction, i) => ({ ...prediction, text: texts[i] ?? '' }))
  const said: Column<(typeof rows)[number]>[] =
    rows[0]?.label == null
      ? [{ title: 'ANSWER', value: ({ answer = '', text }) => readable(run, text, answer), max: 80 }]
      : [
          { title: 'LABEL', value: ({ label }) => label ?? '', max: 24 },
          { title: 'SURE', value: ({ scores }) => percent(Math.max(...scores)), right: true },
        ]
  return {
    value: { labels, predictions: rows },
    text: table([...said, { title: 'TEXT', value: ({ text }) => text, max: 80 }], rows),
  }
}

/** An answer as a line; with --json it comes as it is. */
function readable({ config: { task } }: Run, text: string, answer: string): string {
  if (task === 'fill-mask') {
    return filledWords(answer)
      .map((parts) => parts.find(({ details }) => details)?.details ?? '')
      .join(' · ')
  }
  if (task !== 'token-classification') return answer
  const words = taggedWords(text.trim(), answer)
  return words.map(({ text: word, mark }) => (mark ? `${word.trim()}/${mark}` : word.trim())).join(' ')
}

/** What the run reads beside each text: said once for all of them, or a column of the file. */
async function fieldsOf(
  { config: { task } }: Run,
  count: number,
  { io }: Ground,
  { input, text = [], field = [] }: PredictOptions,
): Promise<Record<string, string>[] | undefined> {
  const roles = readBeside(task).map(({ name }) => name)
  if (roles.length === 0) return undefined
  const said = new Map(field.map((one) => [one.split('=', 1)[0] ?? '', one.slice(one.indexOf('=') + 1)]))
  const fields: Record<string, string>[] = Array.from({ length: count }, () => ({}))
  for (const role of roles) {
    const common = said.get(role)
    if (common === undefined && (text.length > 0 || input === undefined || input === '-')) {
      const message = `A run for ${task} reads a ${role} beside each text: give --field ${role}="…".`
      throw new AttuneError('bad_request', message)
    }
    const own = common === undefined ? await readTexts(input as string, role, io) : []
    for (const [i, one] of fields.entries()) one[role] = common ?? own[i] ?? ''
  }
  return fields
}
