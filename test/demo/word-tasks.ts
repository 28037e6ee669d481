import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunConfigInput, TaskName } from '../../core/contract/settings.ts'
import { hash32 } from '../../core/util/random.ts'
import type { Demo, Shown, Workbench } from './demo.ts'

/**
 * BERTs from scratch learn to tag words, to find answers in texts and to estimate numbers, each on sentences that are
 * constructed here: there is no such set of real ones that installs offline. Names in the validation rows occur in training
 * too, but not in the same sentences.
 */
export const wordTasks: Demo = {
  kind: 'words',
  async run(bench) {
    return [
      await learn(bench, 'token-classification', taggedRow, { max_steps: 150 }, 'eval/entity_f1', 0.8, 0),
      await learn(bench, 'question-answering', questionRow, { max_steps: 400 }, 'eval/answer_f1', 0.8, 1 / 4),
      await learn(bench, 'text-regression', valuedRow, { max_steps: 300 }, 'eval/pearson', 0.8, 0),
    ]
  },
}

async function learn(
  { scratch, call, importData, train }: Workbench,
  task: TaskName,
  row: (i: number) => object,
  settings: Partial<RunConfigInput>,
  metric: string,
  atLeast: number,
  chance: number,
): Promise<Shown> {
  const file = join(scratch, `${task}.jsonl`)
  await writeFile(file, Array.from({ length: 800 }, (_, i) => JSON.stringify(row(i))).join('\n'))
  const dataset = await importData(file, { task, name: `${task}, constructed` })
  const tokenizer = { from: 'dataset', dataset: dataset.id, kind: 'wordpiece', vocabSize: 300 } as const
  const { model } = await call('models.create', { architecture: 'bert', tokenizer, name: `BERT for ${task}` })
  const common = { model: model.id, dataset: dataset.id, max_length: 64, learning_rate: 1e-3, dropout: 0, seed: 1 }
  const run = await train({ ...common, per_device_train_batch_size: 16, ...settings })
  return { what: task, run, metric, before: chance, beforeIs: 'chance', better: 'higher', atLeast }
}

const people = ['Anna', 'Ben', 'Clara', 'David', 'Emma', 'Felix', 'Greta', 'Henry', 'Ida', 'Jonas', 'Karin', 'Leo']
const surnames = ['Adams', 'Brown', 'Cooper', 'Dixon', 'Evans', 'Foster', 'Gray', 'Hughes']
const places = ['Paris', 'London', 'New York', 'Rome', 'Madrid', 'San Diego', 'Vienna', 'Oslo', 'Cape Town', 'Lima']
const things = ['apples', 'books', 'chairs', 'lamps', 'plates', 'shirts', 'stamps', 'tickets', 'watches', 'bottles']
const prices = [3, 12, 40, 25, 8, 18, 1, 15, 60, 2]

const pick = <T>(list: readonly T[], ...words: number[]): T => list[hash32(11, ...words) % list.length] as T
const count = (...words: number[]) => 1 + (hash32(12, ...words) % 9)

/** Who meets whom where: first and last name, and places of one or two words. */
function taggedRow(i: number): object {
  const person = (k: number) => tagged('PER', `${pick(people, i, k)} ${pick(surnames, i, k)}`)
  const place = (k: number) => tagged('LOC', pick(places, i, k))
  const plain = (text: string) => text.split(' ').map((word) => [word, 'O'] as const)
  const sentences = [
    [...person(1), ...plain('met'), ...person(2), ...plain('in'), ...place(3)],
    [...plain('from'), ...place(3), ...person(1), ...plain('went on to'), ...place(4)],
    [...plain('nobody in'), ...place(3), ...plain('had seen'), ...person(1)],
    [...plain('the train to'), ...place(4), ...plain('was late ,'), ...person(2), ...plain('said')],
  ]
  const words = pick(sentences, i, 5)
  return { tokens: words.map(([word]) => word), tags: words.map(([, tag]) => tag) }
}

function tagged(kind: string, name: string): (readonly [string, string])[] {
  return name.split(' ').map((word, k) => [word, `${k === 0 ? 'B' : 'I'}-${kind}`] as const)
}

/** Somebody bought something somewhere, told in one of three ways; asked is who, what, where, or for how much. */
function questionRow(i: number): object {
  const who = `${pick(people, i, 1)} ${pick(surnames, i, 2)}`
  const what = `${count(i, 3)} ${pick(things, i, 4)}`
  const where = pick(places, i, 5)
  const price = `${10 + (hash32(14, i) % 80)} euros`
  const told = [
    `Yesterday ${who} bought ${what} in ${where} and paid ${price} for it.`,
    `For ${price}, ${who} bought ${what} at a shop in ${where}.`,
    `At a market in ${where} there were ${what}, which went to ${who} for ${price}.`,
  ]
  const asked = [
    { question: 'Who bought something?', answer: who },
    { question: 'What was bought?', answer: what },
    { question: 'Where was it bought?', answer: where },
    { question: 'How much was paid for it?', answer: price },
  ]
  return { context: pick(told, i, 6), ...pick(asked, i, 7) }
}

/** What some things cost, by prices that are never said. */
function valuedRow(i: number): object {
  const what = hash32(16, i) % things.length
  const many = count(i, 7)
  const cost = (many * (prices[what] as number)) / 50
  return {
    text: `${pick(people, i, 8)} bought ${many} ${things[what]} in ${pick(places, i, 9)}.`,
    value: Number(cost.toFixed(3)),
  }
}
