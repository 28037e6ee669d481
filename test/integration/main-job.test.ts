import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Comparison, Dataset, Run } from '../../core/contract/domain.ts'
import { attune, temporaryHome, tinyModelDir, writeMails } from '../support/attune.ts'

/** The whole way by the command: every process, thread, file and row is the real one; only the model is tiny. */
describe('import, train twice, compare, predict, export', () => {
  test('as the README tells it', async () => {
    const home = await temporaryHome()
    const file = join(home, 'mails.csv')
    await writeMails(file, 200)

    const added = await attune(home, 'models', 'add', tinyModelDir, '--name', 'tiny', '--json')
    expect(added.code, added.stderr).toBe(0)
    const imported = await attune(home, 'datasets', 'import', file, '--name', 'mails', '--json')
    expect(imported.code, imported.stderr).toBe(0)
    const { dataset } = imported.json[0] as { dataset: Dataset }
    expect(dataset).toMatchObject({
      rows: 200,
      labels: [
        { label: 'ham', count: 100 },
        { label: 'spam', count: 100 },
      ],
    })

    const settings = { model: 'tiny', dataset: 'mails', max_length: 32, num_train_epochs: 3, learning_rate: 2e-3 }
    const full = await trainWith(home, { ...settings, name: 'full', method: 'full' })
    const lora = await trainWith(home, { ...settings, name: 'lora', method: 'lora', lora_r: 4 })
    for (const run of [full, lora]) {
      expect(run.state).toBe('finished')
      expect(run.step).toBe(run.plan?.totalSteps)
      expect(run.timings).toMatchObject({ steps: 30 })
      expect(run.timings?.tokensPerSecond).toBeGreaterThan(0)
      expect(run.timings?.peakMemoryBytes).toBeGreaterThan(1e7)
    }
    expect(lora.plan?.trainableParameters).toBeLessThan((full.plan?.trainableParameters ?? 0) / 5)
    const first = full.metrics['train/loss']
    expect(first?.best.value).toBeLessThan(0.5)

    const compared = await attune(home, 'compare', 'full', 'lora', '--json')
    expect(compared.code, compared.stderr).toBe(0)
    const comparison = compared.json[0] as unknown as Comparison
    expect(comparison.runs.map((run) => run.name)).toEqual(['full', 'lora'])
    expect(comparison.configDiff.filter((row) => row.differs).map((row) => row.setting)).toContain('method')
    expect(comparison.metrics.find((row) => row.series === 'eval/accuracy')?.values).toHaveLength(2)
    expect(comparison.outputs.common).toBe(40)
    expect(comparison.outputs.rows[0]?.predictions).toHaveLength(2)
    expect(comparison.verdict[0]?.examples).toBe(40)
    expect(comparison.curves.filter((curve) => curve.series === 'train/loss')).toHaveLength(2)

    const predicted = await attune(home, 'predict', 'full', '--text', 'win a free prize now', '--json')
    expect(predicted.code, predicted.stderr).toBe(0)
    const { predictions } = predicted.json[0] as { predictions: { label: string; scores: number[] }[] }
    expect(predictions[0]?.label).toBe('spam')
    expect((predictions[0]?.scores ?? []).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)

    // The last is longer than a text may be, and its call comes after that of the first thousand.
    await writeFile(join(home, 'many.txt'), `${'win a prize\n'.repeat(1000)}${'x'.repeat(100_001)}\n`)
    const many = await attune(home, 'predict', '--input', join(home, 'many.txt'), 'full', '--json')
    expect(many.code).toBe(2)
    expect(many.json).toMatchObject([{ predictions: { length: 1000 }, error: { code: 'bad_request' } }])
    expect(many.stderr).toContain('1,000 of 1,001 inputs have an answer.')

    for (const [run, weights] of [
      ['full', 'model.safetensors'],
      ['lora', 'adapter_model.safetensors'],
    ] as const) {
      const exported = await attune(home, 'runs', 'export', run, '--json')
      expect(exported.code, exported.stderr).toBe(0)
      expect((exported.json[0] as { files: string[] }).files).toContain(weights)
    }
  })

  test('mistakes are told in a sentence, with the exit code that scripts expect', async () => {
    const home = await temporaryHome()
    const missing = await attune(home, 'datasets', 'import', join(home, 'nothing.csv'), '--json')
    expect(missing.code).toBe(1)
    expect(missing.json[0]).toMatchObject({ error: { code: 'not_found' } })
    const config = join(home, 'config.json')
    await writeFile(config, JSON.stringify({ model: 'tiny', dataset: 'mails', learning_rat: 1 }))
    const unknown = await attune(home, 'train', config, '--json')
    expect(unknown.code).not.toBe(0)
    expect(JSON.stringify(unknown.json[0])).toContain('learning_rate')
    expect((await attune(home, 'trian', config)).code).toBe(2)
  })
})

async function trainWith(home: string, settings: Record<string, unknown>): Promise<Run> {
  const config = join(home, `${settings.name}.json`)
  await writeFile(config, JSON.stringify(settings))
  const trained = await attune(home, 'train', config, '--watch', '--json')
  expect(trained.code, trained.stderr).toBe(0)
  const losses = trained.json.filter((line) => line.event === 'metrics' && 'train/loss' in (line.values as object))
  expect(losses.map((line) => line.step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  return (trained.json.at(-1) as { run: Run }).run
}
