import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { Run } from '../../core/contract/domain.ts'
import { attune, startAttune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'

/** Waits until the run told of `steps` steps, then ends the process as a power cut would. Resolves to the last step told. */
async function trainAndKill(home: string, config: string, steps: number): Promise<number> {
  const child = startAttune(home, ['train', config, '--watch', '--json'])
  let told = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event?: string; step?: number }
    if (event.event === 'metrics' && event.step !== undefined) told = Math.max(told, event.step)
    if (told >= steps) child.kill('SIGKILL')
  }
  return told
}

test('a run that was training when its process died is interrupted, and everything it told is there', async () => {
  const home = await temporaryHome()
  const mails = join(home, 'mails.csv')
  await writeMails(mails, 400)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  await attune(home, 'datasets', 'import', mails, '--name', 'mails')
  const config = join(home, 'config.json')
  await writeFile(
    config,
    JSON.stringify({ model: 'tiny', dataset: 'mails', max_length: 32, num_train_epochs: 900, eval_steps: 10 }),
  )

  for (const steps of [1, 25, 60]) {
    const told = await trainAndKill(home, config, steps)
    expect(told).toBeGreaterThanOrEqual(steps)

    const listed = await attune(home, 'runs', 'list', '--json')
    const run = (listed.json[0] as { runs: Run[] }).runs[0] as Run
    expect(run.state).toBe('interrupted')
    expect(run.step).toBeGreaterThanOrEqual(told)

    const database = new Database(join(home, 'attune.sqlite'), { readonly: true })
    try {
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
      expect(database.pragma('foreign_key_check')).toEqual([])
    } finally {
      database.close()
    }
  }

  // The last checkpoint on record, if the run had come to one, can still be used.
  const shown = await attune(
    home,
    'predict',
    ((await attune(home, 'runs', 'list', '--json')).json[0] as { runs: Run[] }).runs[0]?.id as string,
    '--text',
    'free money',
    '--json',
  )
  expect(shown.code, shown.stderr).toBe(0)

  // And the next run starts as if nothing had been.
  await writeFile(config, JSON.stringify({ model: 'tiny', dataset: 'mails', max_length: 32, max_steps: 5 }))
  const next = await attune(home, 'train', config, '--watch', '--json')
  expect((next.json.at(-1) as { run: Run }).run.state).toBe('finished')
})
