import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Dataset, Prediction } from '../../core/contract/domain.ts'
import { openWorkbench } from '../demo/workbench.ts'
import { attune, temporaryHome } from '../support/attune.ts'
import { barPicture, classFolders, toneClip, writeFiles } from '../support/media.ts'

/** Pictures and clips, from their folders to runs that are compared and exported: all but the model is the real thing. */

const family = (name: string) => join(import.meta.dirname, '..', 'golden', 'family', name)

async function workbench() {
  const home = await temporaryHome()
  const before = process.env.ATTUNE_HOME
  process.env.ATTUNE_HOME = home
  const bench = await openWorkbench(home)
  onTestFinished(async () => {
    await bench.close()
    process.env.ATTUNE_HOME = before
  })
  return { bench, home }
}

test('a folder of pictures: imported, trained on twice, compared, shown, exported', async () => {
  const { bench, home } = await workbench()
  const { call } = bench
  const folder = join(home, 'bars')
  const files = await classFolders(['bottom', 'middle', 'top'], 20, 'png', barPicture)
  await writeFiles(folder, { ...files, 'top/broken.png': 'no picture', '.hidden/x.png': 'x' })

  // Nobody says what it is for: the files do.
  const imported = await attune(home, 'datasets', 'import', folder, '--name', 'bars', '--json')
  expect(imported.code, imported.stderr).toBe(0)
  const { dataset } = imported.json[0] as { dataset: Dataset }
  expect(dataset).toMatchObject({
    task: 'image-classification',
    format: 'folder',
    rows: 60,
    problemCount: 1,
    labels: ['bottom', 'middle', 'top'].map((label) => ({ label, count: 20 })),
  })
  expect(dataset.problems[0]?.message).toContain('top/broken.png')

  const { rows } = await call('datasets.rows', { id: dataset.id, limit: 1, label: 'middle', offset: 3 })
  const shown = await call('datasets.media', { id: dataset.id, row: rows[0]?.row as number })
  expect(shown.mime).toBe('image/png')
  expect(Buffer.from(shown.base64, 'base64').equals(files[rows[0]?.text ?? ''] as Uint8Array)).toBe(true)

  const model = await bench.addModel(family('vit-grey'), 'tiny ViT')
  expect(model).toMatchObject({ architecture: 'vit', vocabSize: 0, maxPositions: 0, layers: 2 })
  const common = { model: model.id, dataset: dataset.id, learning_rate: 3e-3, per_device_train_batch_size: 8 }
  const plain = await bench.train({ ...common, num_train_epochs: 6 })
  const varied = await bench.train({ ...common, num_train_epochs: 2, image_shift: 1, image_brightness: 0.3 })
  expect(plain.metrics['eval/accuracy']?.best.value).toBeGreaterThan(0.9)
  expect(varied.metrics['train/loss']?.last.value).not.toBe(plain.metrics['train/loss']?.last.value)

  const compared = await call('comparisons.get', { runs: [plain.id, varied.id] })
  expect(compared.outputs.common).toBe(12)
  expect(compared.outputs.rows[0]?.text).toMatch(/\.png$/)

  const unseen = join(home, 'unseen')
  const others = await classFolders(['bottom', 'middle', 'top'], 3, 'png', (kind, seed) => barPicture(kind, seed + 500))
  const listed = Object.keys(others).map((name) => `${name},x`)
  await writeFiles(unseen, { ...others, 'notes.txt': 'no picture' })
  const said = await predicted(home, plain.id, unseen)
  expect(said.map(({ text }) => text)).toEqual(Object.keys(others).sort())
  expect(said.filter(({ text, label }) => text.startsWith(`${label}/`)).length).toBeGreaterThanOrEqual(8)
  for (const { scores } of said) expect(scores.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
  expect(await predicted(home, plain.id, join(unseen, 'top', '1.png'))).toEqual([{ ...said[7], text: '1.png' }])
  await writeFiles(unseen, { 'some.csv': `image,note\n${listed.join('\n')}\n` })
  expect(await predicted(home, plain.id, join(unseen, 'some.csv'))).toHaveLength(9)
  const wrong = await attune(home, 'predict', plain.id, '--input', join(folder, 'top', 'broken.png'), '--json')
  expect([wrong.code, wrong.json[0]]).toMatchObject([1, { error: { message: expect.stringContaining('broken.png') } }])
  const text = await attune(home, 'predict', plain.id, '--text', 'a picture', '--json')
  expect(text.json[0]).toMatchObject({ error: { message: expect.stringContaining('reads pictures: give --input') } })

  const exported = await call('runs.export', { id: plain.id })
  expect(await readdir(exported.path)).toEqual(expect.arrayContaining(['config.json', 'model.safetensors']))
})

test('a table of clips: imported, heard as a picture, told apart', async () => {
  const { bench, home } = await workbench()
  const { call } = bench
  const folder = join(home, 'tones')
  const files = await classFolders(['low', 'middle', 'high'], 14, 'wav', toneClip)
  const table = Object.keys(files).map((name) => `clips/${name},${name.split('/')[0]}`)
  const inside = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`clips/${name}`, bytes]))
  await writeFiles(folder, { 'metadata.csv': `file_name,label\n${table.join('\n')}\n../x.wav,low\n`, ...inside })

  const dataset = await bench.importData(folder, { task: 'audio-classification', name: 'tones' })
  expect(dataset).toMatchObject({ format: 'csv', rows: 42, problemCount: 1, mapping: { text: 'file_name' } })
  expect(dataset.problems[0]?.message).toContain('does not lie below the folder')
  const heard = await call('datasets.media', { id: dataset.id, row: 0, as: 'mel' })
  expect(heard.mime).toBe('image/png')
  expect((await call('datasets.media', { id: dataset.id, row: 0 })).mime).toBe('audio/wav')

  const model = await bench.addModel(family('whisper-classes'), 'tiny Whisper')
  expect(model).toMatchObject({ architecture: 'whisper', layers: 2 })
  const run = await bench.train({
    ...{ model: model.id, dataset: dataset.id, learning_rate: 3e-3, per_device_train_batch_size: 8 },
    ...{ num_train_epochs: 12, audio_shift: 20, audio_noise: 0.2 },
  })
  expect(run.metrics['eval/accuracy']?.best.value).toBeGreaterThan(0.8)
  const unheard = await writeClips(home)
  const said = await predicted(home, run.id, ...unheard)
  expect(said.map(({ text, label }) => [text, label])).toEqual([
    [unheard[0], 'low'],
    [unheard[1], 'high'],
  ])
})

/** What the command says of what lies at some paths. */
async function predicted(home: string, run: string, ...paths: string[]) {
  const { code, stderr, json } = await attune(
    home,
    'predict',
    ...paths.flatMap((path) => ['--input', path]),
    run,
    '--json',
  )
  expect(code, stderr).toBe(0)
  return (json[0] as { predictions: (Prediction & { text: string })[] }).predictions
}

/** A low and a high tone that nothing was trained on. */
async function writeClips(home: string): Promise<string[]> {
  await writeFiles(home, { 'low.wav': toneClip(0, 900), 'high.wav': toneClip(2, 901) })
  return [join(home, 'low.wav'), join(home, 'high.wav')]
}

test('clips with transcripts: learnt, written down, judged by their errors', async () => {
  const { bench, home } = await workbench()
  const { call } = bench
  const folder = join(home, 'said')
  const files = await classFolders(['low', 'middle', 'high'], 8, 'wav', toneClip)
  const lines = Object.keys(files).map((name) => JSON.stringify({ file_name: name, transcript: name.split('/')[0] }))
  await writeFiles(folder, { ...files, 'metadata.jsonl': lines.join('\n') })

  const imported = await attune(home, 'datasets', 'import', folder, '--json')
  expect(imported.code, imported.stderr).toBe(0)
  const { dataset } = imported.json[0] as { dataset: Dataset }
  expect(dataset).toMatchObject({ task: 'automatic-speech-recognition', mapping: { target: 'transcript' }, labels: [] })

  const { model } = await call('models.create', {
    architecture: 'whisper',
    fields: { d_model: 32, encoder_ffn_dim: 32, num_mel_bins: 8, max_source_positions: 15, max_target_positions: 16 },
    tokenizer: { from: 'dataset', dataset: dataset.id, kind: 'bpe', vocabSize: 300 },
  })
  const run = await bench.train({
    ...{ model: model.id, dataset: dataset.id, max_length: 16, per_device_train_batch_size: 8, max_steps: 40 },
    ...{ learning_rate: 5e-3, eval_steps: 20, metric_for_best_model: 'eval/cer', generation_num_beams: 2 },
  })
  expect(run.metrics['eval/wer']?.last.value).toBeGreaterThanOrEqual(0)
  expect(run.metrics['train/loss']?.best.value).toBeLessThan(2)
  const again = await bench.train({ ...run.config, name: 'again', seed: 2, max_steps: 2 })
  const { outputs, verdict } = await call('comparisons.get', { runs: [run.id, again.id] })
  expect(outputs.common).toBe(run.plan?.evalRows)
  expect(outputs.rows[0]).toMatchObject({ fields: { target: expect.any(String) } })
  expect(outputs.rows[0]?.predictions[0]?.answer).toEqual(expect.any(String))
  expect(verdict[0]?.metric).toBe('eval/cer')
  const clips = await writeClips(home)
  const said = await predicted(home, run.id, ...clips)
  expect(said).toMatchObject(clips.map((text) => ({ text, label: null, answer: expect.any(String) })))
  const { files: written } = await call('runs.export', { id: run.id })
  expect(written).toEqual(expect.arrayContaining(['model.safetensors', 'preprocessor_config.json', 'tokenizer.json']))
})
