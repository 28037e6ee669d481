import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportCheckpoint } from '../../core/checkpoint/export.ts'
import type { Sizes } from '../../core/contract/presets.ts'
import type { RunConfigInput } from '../../core/contract/settings.ts'
import { openRowStore, type SourceRow, writeRowStore } from '../../core/data/row-store.ts'
import { loadTokenizer } from '../../core/data/tokenizers/tokenizer.ts'
import { featuresOf } from '../../core/tasks/clips.ts'
import type { SourceTargetRows } from '../../core/tasks/source-target-rows.ts'
import type { TranscribedClips } from '../../core/tasks/transcribed-clips.ts'
import { createModel } from '../../core/train/create-model.ts'
import { prepareData } from '../../core/train/prepare.ts'
import { reporterOf } from '../../core/train/reporter.ts'
import { fiveLetterWords } from '../support/five-letter-words.ts'
import { toneClip } from '../support/media.ts'
import { lastCheckpoint } from '../support/resume-exactly.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { specOf, trainTiny } from '../unit/train/fixture.ts'
import { openWriter } from './writer.ts'

/**
 * Models from scratch, trained a little and exported: transformers writes with the folder, by what the folder says of
 * beginning, end and length, the tokens that are written here.
 */

/** A Python that has transformers. */
const python = process.env.ATTUNE_GOLDEN_PYTHON

interface Scratch {
  readonly architecture: string
  readonly sizes: Sizes
  readonly rows: SourceRow[]
  readonly settings: Partial<RunConfigInput> & {
    readonly task: 'text2text-generation' | 'automatic-speech-recognition'
  }
}

/** Letters of each: the most are more than the first model below has places for. */
const lengths = [2, 5, 15]
const spelt = fiveLetterWords.map((text, i) => {
  const letters = Array.from(text.repeat(3)).slice(0, lengths[i % lengths.length])
  return { line: i + 1, text, label: '', fields: { target: letters.join(' ') } }
})
const pitches = ['low', 'in between', 'a high one']
const tones = Array.from({ length: 12 }, (_, i) => {
  const fields = { target: pitches[i % 3] as string }
  return { line: i + 1, text: `${i}.wav`, label: '', fields, media: toneClip(i % 3, i) }
})
const half = {
  validation_split: 0.5,
  dropout: 0,
  learning_rate: 1e-2,
  per_device_train_batch_size: 3,
  eval_steps: 1000,
}
const texts = { ...half, task: 'text2text-generation', max_length: 16, num_train_epochs: 20 } as const

const cases: Scratch[] = [
  {
    architecture: 'marian',
    sizes: {
      ...{ d_model: 32, encoder_layers: 1, decoder_layers: 2, encoder_attention_heads: 2, encoder_ffn_dim: 32 },
      max_position_embeddings: 12,
    },
    rows: spelt,
    settings: { ...texts, max_length: 12, learning_rate: 3e-3, num_train_epochs: 60 },
  },
  {
    architecture: 't5',
    sizes: {
      ...{ d_model: 32, d_kv: 16, d_ff: 48, num_layers: 2, num_decoder_layers: 2, num_heads: 2 },
      feed_forward_proj: 'gated-gelu',
    },
    rows: spelt,
    settings: texts,
  },
  {
    architecture: 'whisper',
    sizes: {
      ...{ d_model: 32, encoder_layers: 1, decoder_layers: 2, encoder_attention_heads: 2, encoder_ffn_dim: 32 },
      ...{ num_mel_bins: 8, max_source_positions: 15, max_target_positions: 16 },
    },
    rows: tones,
    settings: { ...half, task: 'automatic-speech-recognition', max_length: 16, num_train_epochs: 20 },
  },
]

/** A folder with the model as it is drawn. */
async function created({ architecture, sizes, rows }: Scratch): Promise<string> {
  const dir = await temporaryFolder()
  const at = (name: string) => join(dir, name)
  await writeRowStore(
    at('dataset'),
    (async function* () {
      yield* rows
    })(),
  )
  await mkdir(at('model'))
  const tokenizer = { from: 'dataset', dir: at('dataset'), kind: 'bpe', vocabSize: 280, lowercase: false } as const
  const spec = { kind: 'create', architecture, sizes, seed: 1, dir: at('model'), tokenizer, name: 'scratch' } as const
  const reporter = reporterOf(() => {})
  await createModel(spec, reporter, { stop: () => 0 })
  return at('model')
}

/** The model, trained and exported, and the held-out half of its rows as it reads them. */
async function exported(scratch: Scratch) {
  const { rows, settings } = scratch
  const run = await specOf(await created(scratch), rows, settings)
  const { events, thrown } = await trainTiny(run)
  expect(thrown).toBeNull()
  const { task } = settings
  const { datasetDir, config, modelDir } = run
  const folder = join(await temporaryFolder(), 'exported')
  const card = { name: 'scratch', baseModel: 'scratch', dataset: 'rows', metrics: {}, settings: {} }
  await exportCheckpoint(lastCheckpoint(events), modelDir, folder, { task, labels: [], card })
  const { data } = await prepareData({ task, datasetDir, modelDir: folder, labels: [], config }, false, () => {})
  return { folder, run, held: data.validation }
}

async function generationConfigOf(folder: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, 'generation_config.json'), 'utf8'))
}

function sourcesOf(held: unknown, { datasetDir, config }: Awaited<ReturnType<typeof specOf>>) {
  const { clips, rows } = held as TranscribedClips
  if (clips !== undefined) {
    const pictures = Array.from(rows, (_, i) => Array.from(featuresOf(clips, rows, Int32Array.of(i), 1, config, null)))
    return { given: { clips: pictures }, sources: pictures }
  }
  const store = openRowStore(datasetDir)
  const given = { texts: Array.from(rows, (row) => store.read(row).text) }
  store.close()
  return { given, sources: (held as SourceTargetRows).sources.map((ids) => Array.from(ids)) }
}

describe.each(cases)('a $architecture from scratch', (scratch) => {
  test('says how its texts begin and end, and how long they may be', async () => {
    const { max_position_embeddings, max_target_positions } = scratch.sizes
    const folder = await created(scratch)
    const { padId, eosId } = await loadTokenizer(folder)
    expect(await generationConfigOf(folder)).toEqual({
      decoder_start_token_id: padId,
      max_length: max_position_embeddings ?? max_target_positions ?? 512,
      pad_token_id: padId,
      eos_token_id: eosId,
    })
  })

  test.runIf(python)('writes in transformers, by its own settings, what it writes here', async () => {
    const { folder, run, held } = await exported(scratch)
    const most = (await generationConfigOf(folder)).max_length as number
    const { given, sources } = sourcesOf(held, run)
    const { rules } = held as SourceTargetRows
    const { task } = scratch.settings
    const { max_length: length } = run.config
    const layout = { task, engine: 'graph', length, maxTokens: most - 1, examples: 3, beams: 1, rules } as const
    const { write, close } = await openWriter(folder, layout)
    const ours = [...write(sources.slice(0, 3)), ...write(sources.slice(3))]
    close()

    const file = join(await temporaryFolder(), 'sources.json')
    await writeFile(file, JSON.stringify(given))
    const script = join(import.meta.dirname, 'write-exported.py')
    const told = JSON.parse(execFileSync(python as string, [script, folder, file], { encoding: 'utf8' }))
    if ('texts' in given) expect(told.read).toEqual(sources)
    expect(told.written.map((ids: number[]) => ids.filter((id) => !rules.endIds.includes(id)))).toEqual(ours)
    const tokenizer = await loadTokenizer(folder)
    expect(told.texts).toEqual(ours.map((ids) => tokenizer.decode(ids)))
    // It says something, and not always the same.
    expect(new Set(told.texts).size).toBeGreaterThan(1)
    expect(told.texts.every((text: string) => text.length > 0)).toBe(true)
  })
})
