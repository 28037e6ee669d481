import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Method, RunConfigInput } from '../../../core/contract/settings.ts'
import type { SourceRow } from '../../../core/data/row-store.ts'
import { predict } from '../../../core/train/predict.ts'
import type { TrainSpec } from '../../../core/worker/protocol.ts'
import { goldenDir } from '../../golden/reference.ts'
import { writeFreshModel } from '../../support/fresh-model.ts'
import { barPicture, toneClip } from '../../support/media.ts'
import { temporaryFolder } from '../../support/temporary.ts'
import { writeWordTokenizer } from '../../support/word-tokenizer.ts'
import { askedOf, ofKind, specOf, trainTiny } from './fixture.ts'

/** What runs on pictures and clips say to files, beside what they said of the same files in their own evaluation. */

const family = (name: string) => join(goldenDir, 'family', name)
const kinds = ['first', 'second', 'third']

async function labelled(
  model: string,
  ending: string,
  make: (kind: number, seed: number) => Uint8Array | Promise<Uint8Array>,
  settings: Partial<RunConfigInput>,
): Promise<TrainSpec> {
  const rows: SourceRow[] = []
  for (let i = 0; i < 18; i++) {
    const label = kinds[i % 3] as string
    rows.push({ line: i + 1, text: `${label}/${i}.${ending}`, label, media: await make(i % 3, i) })
  }
  const spec = await specOf(family(model), rows, { learning_rate: 3e-3, num_train_epochs: 2, ...settings })
  return { ...spec, labels: kinds }
}

const pictures = (settings: Partial<RunConfigInput> = {}) =>
  labelled('vit-grey', 'png', barPicture, { task: 'image-classification', ...settings })
const clips = (settings: Partial<RunConfigInput> = {}) =>
  labelled('whisper-classes', 'wav', toneClip, { task: 'audio-classification', ...settings })

/** A run to its end: what it said of its validation rows, and its best checkpoint. */
async function trained(spec: TrainSpec) {
  const { events, thrown } = await trainTiny(spec)
  expect(thrown).toBeNull()
  const told = ofKind(events, 'predictions').at(-1) ?? expect.fail()
  const best = ofKind(events, 'checkpoint').findLast((checkpoint) => checkpoint.best)?.path as string
  return { told, best }
}

describe('a run says to files what it said of its rows', () => {
  test.each<[string, Method, (settings: Partial<RunConfigInput>) => Promise<TrainSpec>]>([
    ['pictures', 'full', pictures],
    ['pictures', 'lora', (settings) => pictures({ ...settings, target_modules: ['query', 'value'] })],
    ['pictures', 'head', pictures],
    ['clips', 'full', clips],
  ])('%s, %s', async (_, method, start) => {
    // What varies pictures while training must not vary these.
    const spec = await start({ method, image_shift: 2, image_brightness: 0.5 })
    const { told, best } = await trained(spec)
    const again = await predict({
      ...askedOf(spec, best),
      texts: told.rows.map((row) => `Row ${row}`),
      files: told.rows.map((row) => ({ row })),
    })
    expect(again.map(({ label }) => spec.labels.indexOf(label ?? ''))).toEqual(told.predicted)
    const scores = again.flatMap((one) => one.scores)
    expect(scores).toHaveLength(told.scores.length)
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(told.scores[i] as number, 5)
  })

  test('wherever they lie, in their order, telling how far it is', async () => {
    const spec = await pictures()
    const { best } = await trained(spec)
    const dir = await temporaryFolder()
    const texts = ['a.png', 'b.png', 'c.png']
    for (const [i, name] of texts.entries()) await writeFile(join(dir, name), await barPicture(i, i))
    const files = texts.map((fileName) => ({ path: join(dir, fileName), fileName }))
    const told: [string, ...number[]][] = []
    let present = ''
    const reporter = {
      phase(phase: string) {
        present = phase
      },
      progress: (...counts: number[]) => void told.push([present, ...counts]),
    }
    const found = await predict({ ...askedOf(spec, best), texts, files }, reporter)
    const rows = await predict({ ...askedOf(spec, best), texts, files: [{ row: 0 }, { row: 1 }, { row: 2 }] })
    expect(found).toEqual(rows)
    const batches = [2, 3].map((done) => ['predicting', done, 3])
    expect(told).toEqual([...[1, 2, 3].map((done) => ['tokenizing', done, 3]), ...batches])
  })

  test('until it is asked to stop: while files are read', async () => {
    const spec = await pictures()
    const { best } = await trained(spec)
    const files = [0, 1, 2].map((row) => ({ row }))
    let read = 0
    const reporter = { phase: () => {}, progress: () => void read++ }
    const asked = predict({ ...askedOf(spec, best), texts: ['', '', ''], files }, reporter, {
      stop: () => (read === 2 ? 2 : 0),
    })
    await expect(asked).rejects.toMatchObject({ code: 'stopped' })
    expect(read).toBe(2)
  })

  test('and says which file cannot be read', async () => {
    const spec = await pictures()
    const { best } = await trained(spec)
    const dir = await temporaryFolder()
    await writeFile(join(dir, 'broken.png'), (await barPicture(0, 0)).subarray(0, 60))
    await writeFile(join(dir, 'sound.wav'), toneClip(0, 0))
    const of = (fileName: string) =>
      predict({ ...askedOf(spec, best), texts: [fileName], files: [{ path: join(dir, fileName), fileName }] })
    await expect(of('broken.png')).rejects.toMatchObject({
      code: 'bad_file',
      message: /^broken\.png cannot be decoded/,
    })
    await expect(of('sound.wav')).rejects.toMatchObject({ code: 'unsupported', message: /^sound\.wav is no image/ })
    await expect(of('gone.png')).rejects.toMatchObject({ code: 'not_found', message: 'gone.png is not there.' })
  })
})

test('a run for speech writes down what it hears', async () => {
  const model = await temporaryFolder()
  const words = ['low', 'high']
  const sizes = { d_model: 16, encoder_layers: 1, decoder_layers: 1, encoder_ffn_dim: 16, decoder_ffn_dim: 16 }
  const shape = { ...sizes, encoder_attention_heads: 2, decoder_attention_heads: 2, num_mel_bins: 8 }
  const positions = { max_source_positions: 15, max_target_positions: 16 }
  // The start is a word that nobody says.
  const ids = { eos_token_id: 0, pad_token_id: 0, decoder_start_token_id: 1 }
  const vocab_size = await writeWordTokenizer(model, words)
  const config = { model_type: 'whisper', vocab_size, ...shape, ...positions, ...ids }
  await writeFreshModel(model, config, 'automatic-speech-recognition')
  const rows = Array.from({ length: 12 }, (_, i): SourceRow => {
    const fields = { target: words[i % 2] as string }
    return { line: i + 1, text: `${i}.wav`, label: '', fields, media: toneClip(2 * (i % 2), i) }
  })
  const settings = { task: 'automatic-speech-recognition', max_length: 12, validation_split: 0.5 } as const
  const spec = await specOf(model, rows, { ...settings, learning_rate: 1e-2, num_train_epochs: 20 })
  const { told, best } = await trained(spec)
  const texts = told.rows.map((row) => `${row}.wav`)
  const again = await predict({ ...askedOf(spec, best), texts, files: told.rows.map((row) => ({ row })) })
  expect(again).toEqual(told.answers?.map((answer) => ({ label: null, scores: [], answer })))
  expect(new Set(again.map(({ answer }) => answer))).toEqual(new Set(words))

  // Asked to stop, it ends within the writing of a batch.
  const done: number[] = []
  let asks = 0
  const reporter = { phase: () => void done.splice(0), progress: (rows: number) => void done.push(rows) }
  const stopped = predict({ ...askedOf(spec, best), texts: ['Row 0'], files: [{ row: 0 }] }, reporter, {
    // Behind the evaluation of the one clip come its reading, its word and the end.
    stop: () => (done.length > 0 && ++asks > 2 ? 2 : 0),
  })
  await expect(stopped).rejects.toMatchObject({ code: 'stopped' })
  expect(done).toEqual([1])
})
