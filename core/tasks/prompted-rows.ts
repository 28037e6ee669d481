import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { type Asking, promptParts } from '../contract/prompts.ts'
import { type TokenRows, tokenRows } from '../data/batches.ts'
import type { RowStore } from '../data/row-store.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { hash32 } from '../util/random.ts'
import { type LabelledSide, labelledSides, unknownLabels } from './labelled-rows.ts'
import type { Preparation, PrepareConfig, PreparedData, Reading } from './task.ts'

/**
 * Texts in a prompt, each with every label in the place of the answer: one sequence a label, those of a row one after the
 * other in the order of the class ids. In front stand worked examples from the training rows.
 */
export interface PromptedRows extends TokenRows {
  readonly classes: number
  /** Class id of each row. */
  readonly gold: Int32Array
  /** Of each sequence: where its label begins, and the label's tokens. They stand there, or are hidden there. */
  readonly labelStarts: Int32Array
  readonly labelIds: readonly Int32Array[]
}

export function promptedRows(asking: Asking): Preparation<PromptedRows> {
  return {
    prepare: (...args) => preparePrompted(asking, ...args),
    inputs(rows, labels, reading, config, onRow) {
      const examples = config.few_shot_examples === 0 ? [] : examplesIn(reading.dataset(), labels, config)
      const promptsFor = prompter(asking, examples, labels, reading, config)
      const prompts = rows.flatMap(({ text }) => {
        const found = promptsFor(text).prompts
        onRow()
        return found
      })
      const { rows: numbers, labels: gold } = unknownLabels(rows)
      return inColumns(numbers, gold, prompts, labels.length)
    },
  }
}

/** Stream of the generator that chooses the examples, by the run's seed. */
const exampleStream = 14
/** A text that is cut below this says nothing. */
const leastTokens = 8

/** Throws AttuneError: bad_data as prepareLabelled, bad_config (examples that leave no room for a text). */
function preparePrompted(
  asking: Asking,
  store: RowStore,
  labels: readonly string[],
  { tokenizer }: Reading,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
): PreparedData<PromptedRows> {
  const { train, validation } = labelledSides(store, labels, config)
  const chosen = chooseExamples(train, config)
  const promptsFor = prompter(asking, store.readMany(chosen.map(({ row }) => row)), labels, { tokenizer }, config)
  let cut = 0
  let done = 0
  const prompts: Prompt[] = []
  for (const row of validation.rows) {
    const found = promptsFor(store.read(row).text)
    if (found.cut) cut++
    prompts.push(...found.prompts)
    onRow(++done, validation.rows.length)
  }
  const shown = chosen.toSorted((a, b) => a.row - b.row)
  const column = (of: (example: Example) => number) => Int32Array.from(shown, of)
  return {
    train: inColumns(
      column(({ row }) => row),
      column(({ label }) => label),
      [],
      labels.length,
    ),
    validation: inColumns(validation.rows, validation.labels, prompts, labels.length),
    truncatedShare: cut / validation.rows.length,
  }
}

/** The rows that a run shows in front of each text. */
function examplesIn(store: RowStore, labels: readonly string[], config: PrepareConfig): DatasetRow[] {
  const chosen = chooseExamples(labelledSides(store, labels, config).train, config)
  return store.readMany(chosen.map(({ row }) => row))
}

/** What makes the prompts of a text, behind these examples. */
function prompter(
  asking: Asking,
  examples: readonly DatasetRow[],
  labels: readonly string[],
  { tokenizer }: Pick<Reading, 'tokenizer'>,
  { max_length: room, few_shot_examples: shots, prompt_template: template }: PrepareConfig,
): (text: string) => ReturnType<typeof fitted> {
  const { head, middle, tail } = promptParts(template)
  const sequencesOf =
    asking === 'next words' ? nextWords(tokenizer, middle, labels) : hiddenWords(tokenizer, { middle, tail }, labels)
  const most = Math.max(leastTokens, Math.floor((0.8 * room) / (shots + 1)))
  const shown = examples.map(
    ({ text, label }) => `${head}${shortened(text, tokenizer, most)}${middle}${label}${tail}\n\n`,
  )
  const before = `${shown.join('')}${head}`
  return (text) => fitted(text, before, sequencesOf, tokenizer, room)
}

function inColumns(rows: Int32Array, gold: Int32Array, all: readonly Prompt[], classes: number): PromptedRows {
  return {
    ...tokenRows(
      rows,
      all.map(({ sequence }) => sequence),
    ),
    ...{ classes, gold },
    labelStarts: Int32Array.from(all, ({ start }) => start),
    labelIds: all.map(({ label }) => label),
  }
}

/** A row that is shown with its answer, and its class. */
interface Example {
  readonly row: number
  readonly label: number
}

/** So many rows, of the classes in turn, in an order that the seed decides. */
function chooseExamples(
  { rows, labels }: LabelledSide,
  { few_shot_examples: count, seed }: Pick<PrepareConfig, 'few_shot_examples' | 'seed'>,
): Example[] {
  const key = ({ row }: Example) => hash32(seed, exampleStream, row)
  const bySeed = (a: Example, b: Example) => key(a) - key(b) || a.row - b.row
  const examples = Array.from(rows, (row, i): Example => ({ row, label: labels[i] as number }))
  const byClass = Map.groupBy(examples, ({ label }) => label)
  const queues = [...byClass].sort(([a], [b]) => a - b).map(([, mine]) => mine.sort(bySeed))
  const chosen: Example[] = []
  for (let turn = 0; chosen.length < Math.min(count, rows.length); turn++) {
    for (const queue of queues) {
      const example = queue[turn]
      if (example !== undefined && chosen.length < count) chosen.push(example)
    }
  }
  return chosen.sort(bySeed)
}

/** A text in a prompt, with one of the labels. */
interface Prompt {
  readonly sequence: Int32Array
  readonly start: number
  readonly label: Int32Array
}

/** What stands before the label up to the end of the text → a prompt for each label. */
type PromptsOf = (before: string) => readonly Prompt[]

/** Where a label melts into what stands before it, all are scored from there on. */
function nextWords(tokenizer: Tokenizer, middle: string, labels: readonly string[]): PromptsOf {
  const encode = (prompt: string) => Int32Array.of(...tokenizer.specials.before, ...tokenizer.encodePlain(prompt))
  return (before) => {
    const asked = encode(`${before}${middle}`)
    const all = labels.map((label) => encode(`${before}${middle}${label}`))
    let common = 0
    while (common < asked.length && all.every((sequence) => sequence[common] === asked[common])) common++
    return all.map((sequence) => {
      const start = Math.max(1, Math.min(common, sequence.length - 1))
      return { sequence, start, label: sequence.slice(start) }
    })
  }
}

/** As many hidden tokens as a label has. */
function hiddenWords(
  tokenizer: Tokenizer,
  { middle, tail }: { readonly middle: string; readonly tail: string },
  labels: readonly string[],
): PromptsOf {
  const { maskId, specials } = tokenizer
  if (maskId === null) {
    throw new AttuneError('unsupported', "The model's tokenizer has no token that hides a word: it cannot be asked.")
  }
  const words = labels.map((label) => tokenizer.encodePlain(label))
  const after = [...tokenizer.encodePlain(tail), ...specials.after]
  return (before) => {
    const asked = [...specials.before, ...tokenizer.encodePlain(`${before}${middle}`)]
    return words.map((label) => ({
      sequence: Int32Array.of(...asked, ...label.map(() => maskId), ...after),
      start: asked.length,
      label,
    }))
  }
}

/** The prompts of a text; where they do not fit, with its beginning. */
function fitted(
  text: string,
  before: string,
  promptsOf: PromptsOf,
  tokenizer: Tokenizer,
  room: number,
): { readonly prompts: readonly Prompt[]; readonly cut: boolean } {
  const longest = (all: readonly Prompt[]) => Math.max(...all.map(({ sequence }) => sequence.length))
  let prompts = promptsOf(`${before}${text}`)
  if (longest(prompts) <= room) return { prompts, cut: false }
  // Where tokens join, a cut text may have one more or less than it had: some steps get there.
  let keep = tokenizer.encodePlain(text).length
  while (longest(prompts) > room) {
    keep -= longest(prompts) - room
    if (keep < leastTokens) {
      const message = `few_shot_examples: with the examples, a prompt leaves no room for a text within max_length ${room}. Choose fewer examples or a larger max_length.`
      throw new AttuneError('bad_config', message, { setting: 'few_shot_examples' })
    }
    prompts = promptsOf(`${before}${shortened(text, tokenizer, keep)}`)
  }
  return { prompts, cut: true }
}

/** The beginning of a text, of so many tokens. */
function shortened(text: string, tokenizer: Tokenizer, most: number): string {
  const ids = tokenizer.encodePlain(text)
  return ids.length <= most ? text : tokenizer.decode(Array.from(ids.subarray(0, most))).replace(/\uFFFD+$/, '')
}
