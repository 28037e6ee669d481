import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scratchCard } from '../checkpoint/model-card.ts'
import { streamSafetensors, type TensorToWrite } from '../checkpoint/safetensors.ts'
import { architectureInfos } from '../contract/architectures.ts'
import { AttuneError } from '../contract/errors.ts'
import { blueprints, type Vocabulary } from '../contract/presets.ts'
import { openRowStore, type RowStore } from '../data/row-store.ts'
import { loadTokenizer } from '../data/tokenizers/tokenizer.ts'
import { trainTokenizer } from '../data/tokenizers/train/train-tokenizer.ts'
import type { ParameterSpec } from '../models/architecture.ts'
import { baseParameters } from '../models/base-parameters.ts'
import { architectureOf } from '../models/registry.ts'
import { initialise } from '../nn/init.ts'
import type { CreateSpec } from '../worker/protocol.ts'
import type { Reporter } from './reporter.ts'
import { type Control, checkAnyStop } from './stop.ts'
import { countParameters } from './trainable.ts'

/**
 * Writes a model that has learned nothing yet as a Hugging Face folder: config.json, drawn weights (the same for the same
 * seed), a tokenizer and a model card. Throws AttuneError: bad_config (sizes that do not fit together), bad_data (no text to learn a
 * tokenizer from), unsupported, stopped.
 */
export async function createModel(spec: CreateSpec, reporter: Reporter, control: Control): Promise<void> {
  const blueprint = blueprints[spec.architecture]
  if (!blueprint) {
    throw new AttuneError('unsupported', `A model of type "${spec.architecture}" cannot be made from scratch.`)
  }
  const vocabulary = spec.tokenizer === null ? null : await writeTokenizer(spec, spec.tokenizer, reporter, control)
  const json = blueprint.config(spec.sizes, vocabulary)
  const specs = parametersOf(spec.architecture, json)
  reporter.phase('saving')
  await writeFile(join(spec.dir, 'config.json'), `${JSON.stringify(json, null, 2)}\n`)
  if (vocabulary?.eosId != null) {
    const start = json.decoder_start_token_id
    const longest = blueprint.longestTarget?.(json)
    const ends = {
      ...(start !== undefined && { decoder_start_token_id: start }),
      ...(longest !== undefined && { max_length: longest }),
      pad_token_id: vocabulary.padId,
      eos_token_id: vocabulary.eosId,
    }
    await writeFile(join(spec.dir, 'generation_config.json'), `${JSON.stringify(ends, null, 2)}\n`)
  }
  for (const [name, content] of Object.entries(blueprint.companions?.(json) ?? {}))
    await writeFile(join(spec.dir, name), `${JSON.stringify(content, null, 2)}\n`)
  const sorted = Object.entries(specs).sort(([a], [b]) => (a < b ? -1 : 1))
  const described = sorted.map(([name, { shape }]) => ({ name, shape }))
  const tensors = drawn(sorted, spec.seed, countParameters(specs), reporter, control)
  await streamSafetensors(join(spec.dir, 'model.safetensors'), described, tensors, { format: 'pt' })
  const card = scratchCard({
    name: spec.name,
    architecture: blueprint.title,
    parameters: countParameters(specs),
    seed: spec.seed,
    library: architectureInfos[spec.architecture]?.library ?? 'transformers',
  })
  await writeFile(join(spec.dir, 'README.md'), card)
}

/** What the architecture itself finds wrong is wrong with the sizes. */
function parametersOf(architecture: string, json: Readonly<Record<string, unknown>>): Record<string, ParameterSpec> {
  const known = architectureOf(architecture)
  try {
    return baseParameters(known, known.parseConfig(json))
  } catch (thrown) {
    if (!(thrown instanceof AttuneError)) throw thrown
    throw new AttuneError('bad_config', thrown.message, thrown.details, { cause: thrown })
  }
}

function* drawn(
  specs: readonly (readonly [string, ParameterSpec])[],
  seed: number,
  total: number,
  reporter: Reporter,
  control: Control,
): Generator<TensorToWrite> {
  let done = 0
  for (const [name, spec] of specs) {
    checkAnyStop(control)
    const data = initialise(spec, seed, name)
    yield { name, shape: spec.shape, data }
    done += data.length
    reporter.progress(done, total)
  }
}

/** Puts the tokenizer's files into the folder, and says what config.json is to say of them. */
async function writeTokenizer(
  { dir, architecture, sizes }: CreateSpec,
  source: NonNullable<CreateSpec['tokenizer']>,
  reporter: Reporter,
  control: Control,
): Promise<Vocabulary> {
  if (source.from === 'model') {
    for (const name of await readdir(source.dir)) {
      if (tokenizerFile.test(name)) await copyFile(join(source.dir, name), join(dir, name))
    }
  } else {
    reporter.phase('tokenizing')
    const store = openRowStore(source.dir)
    try {
      const { kind, vocabSize, lowercase } = source
      const frame = blueprints[architecture]?.frame ?? 'bare'
      const plan = { kind, vocabSize, lowercase, frame, maxLength: longest(sizes) }
      // Reading is about a third of the work.
      const told = (share: number) => {
        checkAnyStop(control)
        reporter.progress(Math.round(1000 * share), 1000)
      }
      const { tokenizer, settings } = trainTokenizer(textsOf(store), store.count, plan, {
        reading: (done, total) => told(0.3 * Math.min(1, done / total)),
        learning: (share) => told(0.3 + 0.7 * share),
      })
      await writeFile(join(dir, 'tokenizer.json'), `${JSON.stringify(tokenizer, null, 2)}\n`)
      await writeFile(join(dir, 'tokenizer_config.json'), `${JSON.stringify(settings, null, 2)}\n`)
    } finally {
      store.close()
    }
  }
  const { vocabSize: size, padId, eosId } = await loadTokenizer(dir)
  return { size, padId, eosId }
}

/** Of what goes along with a model's weights, what its tokenizer consists of. */
const tokenizerFile = /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.(json|txt)$|^merges\.txt$/

function longest(sizes: CreateSpec['sizes']): number {
  const given = sizes.max_position_embeddings ?? sizes.n_positions ?? sizes.max_sequence_length
  return typeof given === 'number' ? given : 512
}

/** All that is written in the rows; names of pictures and clips are not. */
function* textsOf(store: RowStore): Generator<string> {
  const isWritten = (part: string) => store.info.mediaBytes === undefined || !/\.(?:png|jpe?g|wav)$/i.test(part)
  for (const { text, fields = {} } of store.iterate()) yield* [text, ...Object.values(fields)].filter(isWritten)
}
