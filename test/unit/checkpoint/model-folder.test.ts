import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inspectModelFolder } from '../../../core/checkpoint/model-folder.ts'
import { className, parameterName } from '../../../core/checkpoint/names.ts'
import { openSafetensors, writeSafetensors } from '../../../core/checkpoint/safetensors.ts'
import { openWeights } from '../../../core/checkpoint/weights.ts'
import { architectureInfos } from '../../../core/contract/architectures.ts'
import { modelSchema } from '../../../core/contract/domain.ts'
import { architectureOf } from '../../../core/models/registry.ts'
import { taskNamed } from '../../../core/tasks/registry.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'

const tinyModel = join(import.meta.dirname, '..', '..', 'golden', 'tiny-bert')

/** A copy of tiny-bert, to be spoiled. */
async function copy(): Promise<string> {
  const dir = await temporaryFolder()
  await cp(tinyModel, dir, { recursive: true })
  return dir
}

async function change(dir: string, name: string, changes: Record<string, unknown>): Promise<void> {
  const json = JSON.parse(await readFile(join(dir, name), 'utf8'))
  await writeFile(join(dir, name), JSON.stringify({ ...json, ...changes }))
}

/** tiny-bert with its weights in two shards and an index, which `map` may falsify. */
async function sharded(map: (weightMap: Record<string, string>) => Record<string, string> = (same) => same) {
  const dir = await copy()
  const whole = openSafetensors(join(dir, 'model.safetensors'))
  const names = [...whole.tensors.keys()]
  const files = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const
  const weightMap: Record<string, string> = {}
  for (const [i, file] of files.entries()) {
    const part = names.filter((_, n) => n % 2 === i)
    for (const name of part) weightMap[name] = file
    const tensors = part.map((name) => ({ name, shape: whole.tensors.get(name)?.shape ?? [], data: whole.read(name) }))
    await writeSafetensors(join(dir, file), tensors)
  }
  whole.close()
  await rm(join(dir, 'model.safetensors'))
  await writeFile(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map(weightMap) }))
  return { dir, names }
}

const likeLlama = [
  'embed_tokens.weight',
  'layers.0.self_attn.rotary_emb.inv_freq',
  'layers.1.self_attn.q_proj.weight',
  'model.norm.weight',
  'lm_head.weight',
]
const checkpointNames = {
  bert: [
    'embeddings.LayerNorm.gamma',
    'bert.pooler.dense.weight',
    'encoder.layer.0.output.LayerNorm.beta',
    'cls.predictions.bias',
    'cls.predictions.decoder.weight',
    'cls.predictions.transform.LayerNorm.gamma',
    'cls.seq_relationship.weight',
    'embeddings.position_ids',
    'classifier.weight',
    'qa_outputs.bias',
    'pooler.dense.bias',
  ],
  roberta: [
    'embeddings.word_embeddings.weight',
    'roberta.encoder.layer.0.attention.self.query.weight',
    'roberta.pooler.dense.weight',
    'lm_head.layer_norm.weight',
    'lm_head.decoder.bias',
    'classifier.weight',
    'classifier.out_proj.weight',
    'qa_outputs.bias',
    'roberta.embeddings.position_ids',
  ],
  distilbert: [
    'transformer.layer.0.attention.q_lin.weight',
    'distilbert.embeddings.LayerNorm.bias',
    'vocab_projector.weight',
    'vocab_projector.bias',
    'vocab_layer_norm.weight',
    'pre_classifier.weight',
    'classifier.bias',
    'qa_outputs.weight',
  ],
  gpt2: [
    'wte.weight',
    'h.0.attn.bias',
    'h.11.attn.masked_bias',
    'h.1.attn.c_attn.bias',
    'transformer.ln_f.weight',
    'lm_head.weight',
  ],
  llama: likeLlama,
  mistral: likeLlama,
  qwen2: likeLlama,
  qwen3: likeLlama,
  lstm: ['embedding.weight', 'lstm.weight_ih_l0', 'lstm.bias_hh_l1_reverse', 'classifier.bias'],
  gru: ['embedding.weight', 'gru.weight_hh_l0', 'lm_head.weight'],
}

describe('inspecting a model folder', () => {
  test('says everything that the record of a model needs', async () => {
    const dir = await copy()
    await writeFile(join(dir, 'README.md'), '---\nlanguage: en\nlicense: apache-2.0\n---\n# Tiny\n')
    await writeFile(join(dir, 'pytorch_model.bin'), 'never read')
    const seen: [number, number][] = []
    const { files, ...model } = await inspectModelFolder(dir, { onProgress: (...at) => seen.push(at) })
    const weights = readFileSync(join(dir, 'model.safetensors'))
    const stored = openSafetensors(join(dir, 'model.safetensors'))
    const numbers = [...stored.tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    stored.close()
    expect(model).toEqual({
      architecture: 'bert',
      licence: 'apache-2.0',
      parameters: numbers,
      bytes: expect.any(Number),
      weightsHash: createHash('sha256').update(weights).digest('hex'),
      tokenizerHash: createHash('sha256')
        .update(readFileSync(join(dir, 'tokenizer.json')))
        .digest('hex'),
      vocabSize: 127,
      hiddenSize: 32,
      layers: 2,
      heads: 4,
      maxPositions: 64,
      linearModules: ['attention.output.dense', 'intermediate.dense', 'key', 'output.dense', 'query', 'value'],
    })
    modelSchema.omit({ id: true, name: true, createdAt: true, source: true }).parse(model)
    expect([...model.linearModules].sort()).toEqual([...architectureOf('bert').linearModules].sort())
    expect(files).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ])
    expect(seen.at(-1)).toEqual([weights.length, weights.length])
  })

  test('prefers the licence of starter.json, and can be cancelled', async () => {
    const dir = await copy()
    await writeFile(join(dir, 'starter.json'), '{"licence":"MIT"}')
    expect((await inspectModelFolder(dir)).licence).toBe('MIT')
    await errorOf('stopped', () => inspectModelFolder(dir, { signal: AbortSignal.abort() }))
  })

  test.each(Object.entries(checkpointNames))('knows the names of %s as the model itself does', (modelType, names) => {
    const architecture = architectureOf(modelType)
    for (const task of architectureInfos[modelType]?.tasks ?? []) {
      const head = taskNamed(task, undefined, modelType).headOf(architecture)
      if (!head) continue
      for (const name of names) {
        expect(parameterName(modelType, name, task), `${name} for ${task}`).toBe(head.rename(name))
      }
      expect(className(modelType, task)).toBe(head.className)
    }
  })

  test('names what is missing', async () => {
    const parent = await temporaryFolder()
    expect((await errorOf('not_found', () => inspectModelFolder(join(parent, 'absent')))).message).toContain('absent')
    expect((await errorOf('not_found', () => inspectModelFolder(parent))).message).toContain('config.json')
    const noWeights = await copy()
    await rm(join(noWeights, 'model.safetensors'))
    expect((await errorOf('not_found', () => inspectModelFolder(noWeights))).message).toContain('model.safetensors')
    const noTokenizer = await copy()
    for (const name of ['tokenizer.json', 'vocab.txt']) await rm(join(noTokenizer, name))
    expect((await errorOf('not_found', () => inspectModelFolder(noTokenizer))).message).toContain('tokenizer.json')
  })
})

describe('T07 shards', () => {
  test('are read as one, and hashed together', async () => {
    const { dir, names } = await sharded()
    const weights = await openWeights(dir)
    expect(weights.names().sort()).toEqual([...names].sort())
    const whole = await openWeights(tinyModel)
    for (const name of names) expect(weights.read(name)).toEqual(whole.read(name))
    whole.close()
    weights.close()
    const { files, parameters } = await inspectModelFolder(dir)
    expect(files).toEqual(expect.arrayContaining(['model.safetensors.index.json', 'model-00002-of-00002.safetensors']))
    expect(parameters).toBe((await inspectModelFolder(tinyModel)).parameters)
  })

  test.each([
    '../model.safetensors',
    '/etc/model.safetensors',
    'https://a.b/model.safetensors',
    'C:model.safetensors',
    'sub/model.safetensors',
    '.safetensors',
    'model.bin',
  ])('a file name of %s is refused', async (file) => {
    const { dir } = await sharded((map) => ({ ...map, 'pooler.dense.bias': file }))
    expect((await errorOf('bad_file', () => openWeights(dir))).message).toContain(`"${file}", which is not a plain`)
  })

  test('missing and extra tensors are listed', async () => {
    const { dir, names } = await sharded((map) => {
      const { [Object.keys(map)[0] as string]: _, ...rest } = map
      return { ...rest, 'no.such.weight': 'model-00001-of-00002.safetensors' }
    })
    const error = await errorOf('bad_file', () => openWeights(dir))
    expect(error.details).toEqual({ missing: ['no.such.weight'], extra: [names[0]] })
    expect(error.message).toMatch(/1 missing \(no\.such\.weight\), 1 not in the index/)
  })

  test('a missing shard, and an index that is none', async () => {
    const { dir } = await sharded()
    await rename(join(dir, 'model-00002-of-00002.safetensors'), join(dir, 'elsewhere'))
    expect((await errorOf('not_found', () => openWeights(dir))).message).toContain('model-00002-of-00002')
    await writeFile(join(dir, 'model.safetensors.index.json'), '{"weight_map":["a"]}')
    await errorOf('bad_file', () => openWeights(dir))
    await writeFile(join(dir, 'model.safetensors.index.json'), '{')
    await errorOf('bad_file', () => openWeights(dir))
  })
})

describe('T08 parts that do not fit together', () => {
  test.each([
    ['config.json', { vocab_size: 200 }, 'bad_file', /word_embeddings.*\[127,32\].*\[200,32\]/],
    ['config.json', { hidden_size: 64 }, 'bad_file', /\[127,64\]/],
    ['config.json', { num_hidden_layers: 3 }, 'bad_file', /2 layers.*says 3/],
    ['config.json', { num_attention_heads: 0 }, 'bad_file', /num_attention_heads/],
    ['config.json', { model_type: 'mamba' }, 'unsupported', /"mamba" is not known.*bert/],
    ['config.json', { model_type: undefined }, 'bad_file', /model_type/],
    ['tokenizer.json', { added_tokens: [{ id: 127, content: '[NEW]' }] }, 'bad_file', /128 tokens.*only has 127/],
  ] as const)('%s with %o', async (name, changes, code, message) => {
    const dir = await copy()
    await change(dir, name, changes)
    expect((await errorOf(code, () => inspectModelFolder(dir))).message).toMatch(message)
  })

  test('config.json that is no object', async () => {
    const dir = await copy()
    for (const text of ['[]', 'null', '{', '']) {
      await writeFile(join(dir, 'config.json'), text)
      expect((await errorOf('bad_file', () => inspectModelFolder(dir))).message).toContain('config.json')
    }
  })
})

describe('T09 folders that could run code', () => {
  test.each(['pytorch_model.bin', 'model.pt', 'model.ckpt', 'tf_model.h5'])(
    'only %s is refused, with the way out',
    async (name) => {
      const dir = await copy()
      await rename(join(dir, 'model.safetensors'), join(dir, name))
      const error = await errorOf('bad_file', () => inspectModelFolder(dir))
      expect(error.message).toMatch(/can run code.*save_pretrained/)
      expect(error.message).toContain(name)
    },
  )

  test.each(['config.json', 'tokenizer_config.json'])('auto_map in %s is refused', async (name) => {
    const dir = await copy()
    await change(dir, name, { auto_map: { AutoModel: 'evil.py--Model' } })
    expect((await errorOf('unsupported', () => inspectModelFolder(dir))).message).toMatch(/auto_map.*never run/)
  })
})
