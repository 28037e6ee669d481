import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { Run } from '../../core/contract/domain.ts'
import { attune, startAttune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'

type Line = Record<string, unknown>

/** Steps and values as `--watch --json` told them. */
function lossesOf(lines: readonly Line[]): [step: number, loss: number][] {
  return lines.flatMap(({ event, step, values }) => {
    const loss = event === 'metrics' ? (values as Record<string, number>)['train/loss'] : undefined
    return loss === undefined ? [] : [[step as number, loss] as [number, number]]
  })
}

/** Trains until `steps` steps were told, then ends the process as a power cut would. */
async function trainAndKill(home: string, args: readonly string[], steps: number): Promise<void> {
  const child = startAttune(home, [...args, '--watch', '--json'])
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event?: string; step?: number }
    if (event.event === 'metrics' && (event.step ?? 0) >= steps) child.kill('SIGKILL')
  }
}

test('a run that was killed twice comes to the same end as one that was not', { timeout: 240_000 }, async () => {
  const home = await temporaryHome()
  const mails = join(home, 'mails.csv')
  await writeMails(mails, 400)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  await attune(home, 'datasets', 'import', mails, '--name', 'mails')
  const config = join(home, 'config.json')
  const settings = { model: 'tiny', dataset: 'mails', max_length: 32, max_steps: 200, save_steps: 7, eval_steps: 20 }
  const settle = (name: string) =>
    writeFile(config, JSON.stringify({ ...settings, name, dropout: 0.1, precision: 'fp32' }))

  await settle('unbroken')
  const unbroken = await attune(home, 'train', config, '--watch', '--json')
  expect(unbroken.code, unbroken.stderr).toBe(0)

  await settle('broken')
  await trainAndKill(home, ['train', config], 40)
  await trainAndKill(home, ['runs', 'resume', 'broken'], 110)
  const resumed = await attune(home, 'runs', 'resume', 'broken', '--watch', '--json')
  expect(resumed.code, resumed.stderr + resumed.stdout).toBe(0)

  expect(lossesOf(resumed.json)).toEqual(lossesOf(unbroken.json))
  expect(lossesOf(resumed.json)).toHaveLength(200)
  const ends = [unbroken, resumed].map(({ json }) => (json.at(-1) as { run: Run }).run)
  for (const series of ['train/loss', 'eval/loss', 'eval/accuracy']) {
    expect(ends[1]?.metrics[series]).toEqual(ends[0]?.metrics[series])
  }
  expect(ends[1]).toMatchObject({ state: 'finished', step: 200, error: null, timings: { steps: 200 } })
  const log = resumed.json.filter(({ event }) => event === 'log').map(({ text }) => text)
  expect(log.filter((text) => /^Resumed at step \d+\.$/.test(String(text)))).toHaveLength(2)
})
