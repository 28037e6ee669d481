import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { Checkpoint, Run } from '../../core/contract/domain.ts'
import { attune, startAttune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'

/** A home with a tiny model, some mails and a settings file for a run that would take very long. */
async function longRun(): Promise<{ home: string; config: string }> {
  const home = await temporaryHome()
  const mails = join(home, 'mails.csv')
  await writeMails(mails, 400)
  await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny')
  await attune(home, 'datasets', 'import', mails, '--name', 'mails')
  const config = join(home, 'config.json')
  await writeFile(config, JSON.stringify({ model: 'tiny', dataset: 'mails', max_length: 32, num_train_epochs: 900 }))
  return { home, config }
}

/** Starts training, sends each signal when a step beyond the last one sent has been told, and resolves to the end. */
async function trainAndSignal(home: string, config: string, signals: readonly NodeJS.Signals[]) {
  const child = startAttune(home, ['train', config, '--watch', '--json'])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const closed = once(child, 'close')
  const lines: Record<string, unknown>[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const told = JSON.parse(line) as Record<string, unknown>
    lines.push(told)
    if (told.event === 'metrics' && lines.filter(({ event }) => event === 'metrics').length === 3) {
      for (const signal of signals) child.kill(signal)
    }
  }
  const [code] = (await closed) as [number | null]
  return { code, lines, stderr, run: lines.at(-1)?.run as Run | undefined }
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'O01 %s once stops the run, keeps its weights and exits 130',
  async (signal) => {
    const { home, config } = await longRun()
    const ended = await trainAndSignal(home, config, [signal])
    expect({ code: ended.code, state: ended.run?.state }).toEqual({ code: 130, state: 'stopped' })
    expect(ended.stderr).toContain('saving the weights')
    const shown = await attune(home, 'runs', 'show', ended.run?.id ?? '', '--json')
    const { checkpoints } = shown.json[0] as { checkpoints: Checkpoint[] }
    expect(checkpoints.find(({ last }) => last)?.step).toBe(ended.run?.step)
    const predicted = await attune(
      home,
      'predict',
      ended.run?.name ?? '',
      '--checkpoint',
      'last',
      '--text',
      'a',
      '--json',
    )
    expect(predicted.code, predicted.stderr).toBe(0)
  },
)

test('a run that another process trains can be stopped from here', async () => {
  const { home, config } = await longRun()
  const child = startAttune(home, ['train', config, '--watch', '--json'])
  const closed = once(child, 'close')
  let last: Record<string, unknown> = {}
  let stopped: ReturnType<typeof attune> | null = null
  for await (const line of createInterface({ input: child.stdout })) {
    last = JSON.parse(line) as Record<string, unknown>
    if (last.event === 'metrics' && stopped === null) {
      const { json } = await attune(home, 'runs', 'list', '--json')
      stopped = attune(home, 'runs', 'stop', (json[0] as { runs: Run[] }).runs[0]?.id ?? '', '--json')
    }
  }
  expect((await stopped)?.code).toBe(0)
  expect((last.run as Run).state).toBe('stopped')
  expect((await closed)[0]).toBe(1)
})
