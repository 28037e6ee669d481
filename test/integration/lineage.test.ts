import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Comparison, Model, Run } from '../../core/contract/domain.ts'
import { attune, temporaryHome } from '../support/attune.ts'

const tinyChat = join(import.meta.dirname, '..', 'golden', 'tiny-chat')

/**
 * From unlabelled to labelled by the command line: a language model learns texts, becomes a model, and learns labels from
 * shares of the rows; prompts and chats begin from it too.
 */
test('what a run has made of a model is a model to start from, for any task', { timeout: 300_000 }, async () => {
  const home = await temporaryHome()
  const file = async (name: string, lines: readonly unknown[]) => {
    await writeFile(join(home, name), lines.map((line) => JSON.stringify(line)).join('\n'))
    return join(home, name)
  }
  const config = async (name: string, settings: object) => {
    const common = { learning_rate: 0.01, max_length: 64, per_device_train_batch_size: 4, precision: 'fp32' }
    await writeFile(join(home, name), JSON.stringify({ ...common, ...settings }))
    return join(home, name)
  }
  const ok = async (...args: string[]) => {
    const done = await attune(home, ...args, '--json')
    expect(done.code, done.stdout + done.stderr).toBe(0)
    return done.json.at(-1) as { run: Run; runs: Run[]; model: Model }
  }
  const rows = Array.from({ length: 60 }, (_, i) => ({
    text: `${i % 2 ? 'win a prize' : 'see the list'} ${i}`,
    label: i % 2 ? 'spam' : 'ham',
  }))
  const labelled = await file('labelled.jsonl', rows)
  const chats = rows.map(({ text, label }) => ({ instruction: text, output: label }))

  await ok('models', 'add', tinyChat, '--name', 'tiny')
  await ok('datasets', 'import', labelled, '--task', 'text-generation', '--map', 'text=text', '--name', 'texts')
  await ok('datasets', 'import', labelled, '--name', 'labelled')
  await ok('datasets', 'import', await file('chats.jsonl', chats), '--task', 'chat', '--name', 'chats')
  const read = await config('read.json', {
    model: 'tiny',
    dataset: 'texts',
    name: 'reader',
    method: 'lora',
    max_steps: 6,
  })
  const { run: reader } = await ok('train', read)

  const { model } = await ok('models', 'add', 'run:reader', '--name', 'read', '--checkpoint', 'last')
  expect(model).toMatchObject({ name: 'read', architecture: 'llama', source: `run:${reader.id}@6 reader` })

  const learn = await config('learn.json', { model: 'read', dataset: 'labelled', name: 'learner', max_steps: 8 })
  const { runs } = await ok('train', learn, '--shares', '5,100')
  expect(runs.map(({ name, plan }) => [name, plan?.trainRows])).toEqual([
    ['learner 5 %', 2],
    ['learner 100 %', 48],
  ])
  const prompt = { model: 'read', dataset: 'labelled', method: 'none', few_shot_examples: 1 }
  const { run: prompted } = await ok('train', await config('prompt.json', { ...prompt, name: 'prompted' }))
  expect(prompted).toMatchObject({ state: 'finished', step: 0, plan: { totalSteps: 0 } })

  const compared = (await attune(home, 'compare', 'prompted', 'learner 5 %', 'learner 100 %', '--json')).json.at(-1)
  const { verdict, outputs } = compared as unknown as Comparison
  expect(outputs).toMatchObject({ common: 12, note: null })
  expect(verdict.map((one) => one?.by)).toEqual(['right', 'right'])

  const talk = await config('talk.json', {
    model: 'read',
    dataset: 'chats',
    task: 'chat',
    name: 'talker',
    max_steps: 4,
  })
  const { run: talker } = await ok('train', talk)
  expect(talker.metrics['eval/perplexity']?.last.value).toBeGreaterThan(1)
  const exported = (await attune(home, 'runs', 'export', 'talker', '--json')).json.at(-1) as { files: string[] }
  expect(exported.files).toContain('chat_template.jinja')
  const fork = await attune(home, 'runs', 'fork', 'prompted', '--json')
  expect(fork).toMatchObject({ code: 2, json: [{ error: { code: 'bad_config', details: { setting: 'method' } } }] })
})
