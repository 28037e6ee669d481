import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { Run, Storage } from '../../core/contract/domain.ts'
import { attune, startAttune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'

const settings = { model: 'tiny', dataset: 'mails', max_length: 32, max_steps: 60, save_steps: 20, eval_steps: 30 }

/** A home with a run "parent" that has finished. */
async function homeWithParent(): Promise<string> {
  const home = await temporaryHome()
  const mails = join(home, 'mails.csv')
  await writeMails(mails, 200)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  await attune(home, 'datasets', 'import', mails, '--name', 'mails')
  const config = join(home, 'config.json')
  await writeFile(config, JSON.stringify({ ...settings, name: 'parent', dropout: 0.1, save_total_limit: 5 }))
  const { code, stderr } = await attune(home, 'train', config, '--json')
  expect(code, stderr).toBe(0)
  return home
}

const lastRun = ({ json }: { json: readonly unknown[] }) => (json.at(-1) as { run: Run }).run

test('a run is reproduced to the bit, and a changed model is refused by name', { timeout: 240_000 }, async () => {
  const home = await homeWithParent()
  const again = await attune(home, 'runs', 'reproduce', 'parent', '--json')
  expect(again.code, again.stdout + again.stderr).toBe(0)
  const { reproduction, origin, id, model } = lastRun(again)
  expect(reproduction).toMatchObject({ outcome: 'equal', first: null, weights: 'equal', predictions: 'equal' })
  expect(reproduction?.values).toBeGreaterThan(180)
  expect(origin).toMatchObject({ kind: 'reproduction', name: 'parent' })
  const shown = await attune(home, 'runs', 'show', id)
  expect(shown.stdout).toMatch(/^reproduction +It came out equal, bit for bit: \d+ recorded values, the final weights/m)

  await appendFile(join(home, 'models', model.id, 'config.json'), '\n')
  const refused = await attune(home, 'runs', 'reproduce', 'parent', '--json')
  expect(refused).toMatchObject({ code: 1, json: [{ error: { code: 'conflict', details: { field: 'model' } } }] })
})

test('a fork outlives its parent, and a kill', { timeout: 240_000 }, async () => {
  const home = await homeWithParent()
  const set = ['--set', 'learning_rate=0.001', 'num_train_epochs=9', 'max_steps=80', 'name=child']
  const child = startAttune(home, [
    'runs',
    'fork',
    'parent',
    '--checkpoint',
    '40',
    '--optimizer',
    ...set,
    '--watch',
    '--json',
  ])
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event?: string; step?: number }
    if (event.event === 'metrics' && (event.step ?? 0) >= 30) child.kill('SIGKILL')
  }
  expect((await attune(home, 'runs', 'delete', 'parent')).code).toBe(0)
  expect((await attune(home, 'storage', 'empty-trash')).code).toBe(0)
  const resumed = await attune(home, 'runs', 'resume', 'child', '--json')
  expect(resumed.code, resumed.stdout + resumed.stderr).toBe(0)
  expect(lastRun(resumed)).toMatchObject({
    state: 'finished',
    step: 80,
    config: { learning_rate: 0.001, max_steps: 80, save_total_limit: 5 },
    origin: { kind: 'fork', name: 'parent', step: 40, deleted: true },
    start: { optimizer: true, head: true },
    timings: { steps: 80 },
  })
  const repeated = await attune(home, 'runs', 'repeat', 'child', '--seeds', '7', '--json')
  expect(repeated.code, repeated.stdout + repeated.stderr).toBe(0)

  const before = (await attune(home, 'storage', '--json')).json[0] as unknown as Storage
  const freed = await attune(home, 'storage', 'free', 'child', '--optimizer', '--json')
  const after = (await attune(home, 'storage', '--json')).json[0] as unknown as Storage
  const { bytes } = freed.json[0] as { bytes: number }
  expect(bytes).toBeGreaterThan(0)
  // Manifests grow shorter, too.
  expect(before.runBytes - after.runBytes).toBeGreaterThanOrEqual(bytes)
  expect(before.runBytes - after.runBytes - bytes).toBeLessThan(2000)
})

test('the queue is seen and arranged from the command line', { timeout: 120_000 }, async () => {
  const home = await homeWithParent()
  expect((await attune(home, 'runs', 'queue', '--pause', '--json')).json).toEqual([
    { paused: true, running: null, runs: [] },
  ])
  // Each waits in a process of its own.
  const waiting = ['first', 'second'].map((name) =>
    startAttune(home, ['runs', 'fork', 'parent', '--set', `name=${name}`, 'max_steps=2', '--json']),
  )
  const names = async () => {
    const [queue] = (await attune(home, 'runs', 'queue', '--json')).json as unknown as { runs: Run[] }[]
    return queue?.runs.map(({ name }) => name) ?? []
  }
  while ((await names()).length < 2);
  const [, last = ''] = await names()
  const moved = await attune(home, 'runs', 'move', last, 'front')
  expect(moved.stdout).toMatch(new RegExp(`paused: nothing new begins[^]*\\n1 +\\S+ +${last}`))
  expect((await names())[0]).toBe(last)
  const ends = waiting.map((child) => new Promise((resolve) => child.on('close', resolve)))
  await attune(home, 'runs', 'queue', '--resume')
  expect(await Promise.all(ends)).toEqual([0, 0])
})
