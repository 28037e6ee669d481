import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type AdapterConfig, openAdapter, readAdapterConfig, writeAdapter } from '../../../core/checkpoint/adapter.ts'
import { type ExportOptions, exportCheckpoint } from '../../../core/checkpoint/export.ts'
import { modelCard } from '../../../core/checkpoint/model-card.ts'
import { inspectModelFolder } from '../../../core/checkpoint/model-folder.ts'
import { readHeader, type TensorToWrite } from '../../../core/checkpoint/safetensors.ts'
import { saveCheckpoint, verifyCheckpoint } from '../../../core/checkpoint/save.ts'
import { openWeights } from '../../../core/checkpoint/weights.ts'
import { normal } from '../../../core/util/random.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'

const tinyModel = join(import.meta.dirname, '..', '..', 'golden', 'tiny-bert')
const tinyDecoder = join(import.meta.dirname, '..', '..', 'golden', 'tiny-gpt2')
const tinyVision = join(import.meta.dirname, '..', '..', 'golden', 'family', 'vit')
const labels = ['ham', 'spam', 'other']
const options: ExportOptions = {
  task: 'text-classification',
  labels,
  card: {
    name: 'first try',
    baseModel: 'someone/tiny-bert',
    licence: 'Apache-2.0',
    dataset: 'Ten lines',
    metrics: { 'eval/accuracy': 0.9 },
    settings: { lora_r: 4, target_modules: ['query', 'value'] },
  },
}

function random(name: string, shape: number[], seed: number): TensorToWrite {
  const size = shape.reduce((a, b) => a * b, 1)
  return { name, shape, data: new Float32Array(size).map((_, i) => normal(seed, i) * 0.1) }
}

/** An adapter on query and value of tiny-bert's two layers, with a head for three classes. */
function adapterTensors(): TensorToWrite[] {
  const modules = [0, 1].flatMap((layer) =>
    ['query', 'value'].map((part) => `bert.encoder.layer.${layer}.attention.self.${part}`),
  )
  return [
    ...modules.flatMap((module, i) => [
      random(`${module}.lora_A.weight`, [4, 32], 2 * i),
      random(`${module}.lora_B.weight`, [32, 4], 2 * i + 1),
    ]),
    random('classifier.weight', [3, 32], 90),
    random('classifier.bias', [3], 91),
  ]
}

const config: AdapterConfig = {
  task: 'SEQ_CLS',
  r: 4,
  alpha: 8,
  dropout: 0.1,
  targetModules: ['query', 'value'],
  modulesToSave: ['classifier'],
  fanInFanOut: false,
  baseModel: '/models/tiny',
}

async function adapterCheckpoint(): Promise<string> {
  const dir = join(await temporaryFolder(), 'checkpoint-7')
  await saveCheckpoint(dir, async (temporary) => {
    await writeAdapter(temporary, adapterTensors(), config)
    await writeFile(join(temporary, 'trainer_state.json'), '{}')
  })
  return dir
}

describe('an adapter', () => {
  test('has the files, names and fields that peft has', async () => {
    const dir = await adapterCheckpoint()
    const { tensors, metadata } = readHeader(join(dir, 'adapter_model.safetensors'))
    expect(metadata).toEqual({ format: 'pt' })
    expect([...tensors.keys()]).toContain('base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight')
    expect([...tensors.keys()].filter((name) => name.includes('classifier'))).toEqual([
      'base_model.model.classifier.bias',
      'base_model.model.classifier.weight',
    ])
    expect(JSON.parse(readFileSync(join(dir, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      task_type: 'SEQ_CLS',
      r: 4,
      lora_alpha: 8,
      lora_dropout: 0.1,
      target_modules: ['query', 'value'],
      modules_to_save: ['classifier'],
      bias: 'none',
      base_model_name_or_path: '/models/tiny',
      inference_mode: true,
    })
  })

  test('is read back as it was written', async () => {
    const adapter = await openAdapter(await adapterCheckpoint())
    expect(adapter.config).toEqual(config)
    for (const { name, shape, data } of adapterTensors()) {
      expect(adapter.shape(name)).toEqual(shape)
      expect(adapter.read(name)).toEqual(data)
    }
    expect(adapter.names()).toHaveLength(adapterTensors().length)
    await errorOf('not_found', () => adapter.shape('bert.pooler.dense.weight'))
    adapter.close()
  })

  test('of a kind that computes something else is refused by its field', async () => {
    const dir = await adapterCheckpoint()
    const path = join(dir, 'adapter_config.json')
    const json = JSON.parse(readFileSync(path, 'utf8'))
    for (const changes of [
      { use_dora: true },
      { use_rslora: true },
      { bias: 'all' },
      { rank_pattern: { query: 2 } },
      { peft_type: 'IA3' },
    ]) {
      await writeFile(path, JSON.stringify({ ...json, ...changes }))
      expect((await errorOf('unsupported', () => readAdapterConfig(dir))).message).toContain(Object.keys(changes)[0])
    }
    await writeFile(path, '{')
    await errorOf('bad_file', () => openAdapter(dir))
    await errorOf('not_found', async () => openAdapter(await temporaryFolder()))
  })
})

describe('exporting', () => {
  test('an adapter: with tokenizer and card, naming the base model instead of a folder of this machine', async () => {
    const checkpoint = await adapterCheckpoint()
    const destination = join(await temporaryFolder(), 'exports', 'mine')
    const { path, bytes, files } = await exportCheckpoint(checkpoint, tinyModel, destination, options)
    expect(path).toBe(destination)
    expect(files).toEqual([
      'README.md',
      'adapter_config.json',
      'adapter_model.safetensors',
      'manifest.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ])
    expect(files).toEqual(readdirSync(destination).sort())
    expect(bytes).toBeGreaterThan(readFileSync(join(destination, 'adapter_model.safetensors')).length)
    expect(await readAdapterConfig(destination)).toEqual({ ...config, baseModel: 'someone/tiny-bert' })
    await verifyCheckpoint(destination)
  })

  test('an adapter of pictures: by the names of the modules that transformers makes of the checkpoint', async () => {
    const checkpoint = join(await temporaryFolder(), 'checkpoint-7')
    const layer = 'vit.encoder.layer.1'
    const adapted = [`${layer}.attention.attention.query`, `${layer}.attention.output.dense`, `${layer}.output.dense`]
    const tensors = [
      ...adapted.flatMap((path) => [
        random(`${path}.lora_A.weight`, [4, 16], 1),
        random(`${path}.lora_B.weight`, [16, 4], 2),
      ]),
      ...[random('classifier.weight', [3, 16], 3), random('classifier.bias', [3], 4)],
    ]
    await saveCheckpoint(checkpoint, async (dir) => {
      // As former versions wrote them.
      await writeAdapter(dir, tensors, { ...config, targetModules: ['query', 'output.dense'], modulesToSave: [] })
    })
    const destination = join(await temporaryFolder(), 'mine')
    await exportCheckpoint(checkpoint, tinyVision, destination, { ...options, task: 'image-classification' })
    const there = ['attention.q_proj', 'attention.o_proj', 'mlp.fc2'].map((path) => `vit.layers.1.${path}`)
    expect(await readAdapterConfig(destination)).toMatchObject({
      task: null,
      targetModules: expect.arrayContaining(there),
      modulesToSave: ['classifier'],
    })
    const exported = await openAdapter(destination)
    expect(exported.names()).toEqual(
      [
        ...there.flatMap((path) => [`${path}.lora_A.weight`, `${path}.lora_B.weight`]),
        'classifier.weight',
        'classifier.bias',
      ].sort(),
    )
    exported.close()
    expect(readFileSync(join(destination, 'README.md'), 'utf8')).toContain(
      'images = AutoImageProcessor.from_pretrained(".")',
    )
  })

  test('an adapter of masked words: with the tensors that its head has in common with the base', async () => {
    const checkpoint = join(await temporaryFolder(), 'checkpoint-7')
    const module = 'bert.encoder.layer.0.attention.self.query'
    const bias = random('cls.predictions.bias', [9], 5)
    const tensors = [
      ...[random(`${module}.lora_A.weight`, [4, 32], 1), random(`${module}.lora_B.weight`, [32, 4], 2)],
      ...[bias, random('cls.predictions.transform.dense.weight', [32, 32], 3)],
    ]
    await saveCheckpoint(checkpoint, async (dir) => {
      await writeAdapter(dir, tensors, { ...config, modulesToSave: [] })
    })
    const destination = join(await temporaryFolder(), 'mine')
    await exportCheckpoint(checkpoint, tinyModel, destination, { ...options, task: 'fill-mask', labels: [] })
    expect(await readAdapterConfig(destination)).toMatchObject({
      task: null,
      targetModules: ['query', 'value'],
      modulesToSave: ['cls'],
    })
    const [exported, base] = [await openAdapter(destination), await openWeights(tinyModel)]
    expect(exported.read('cls.predictions.decoder.weight')).toEqual(base.read('embeddings.word_embeddings.weight'))
    expect(exported.read('cls.predictions.decoder.bias')).toEqual(bias.data)
    expect(exported.names()).toHaveLength(tensors.length + 2)
    exported.close()
    base.close()
  })

  test('an adapter merged: W + (alpha/r)·B·A, everything else as it was', async () => {
    const checkpoint = await adapterCheckpoint()
    const destination = join(await temporaryFolder(), 'mine')
    await exportCheckpoint(checkpoint, tinyModel, destination, { ...options, merge: true })
    const merged = await openWeights(destination)
    const base = await openWeights(tinyModel)
    const bareName = (name: string) => (base.names().includes(name) ? name : name.replace(/^bert\./, ''))
    const tensors = new Map(adapterTensors().map(({ name, data }) => [name, data]))
    for (const name of merged.names()) {
      const module = name.replace(/\.weight$/, '')
      const [a, b] = [tensors.get(`${module}.lora_A.weight`), tensors.get(`${module}.lora_B.weight`)]
      if (!a || !b) {
        expect(merged.read(name)).toEqual(tensors.get(name) ?? base.read(bareName(name)))
        continue
      }
      const [found, before] = [merged.read(name), base.read(bareName(name))]
      for (const [i, j] of [
        [0, 0],
        [5, 31],
        [31, 2],
      ] as const) {
        let sum = 0
        for (let k = 0; k < 4; k++) sum += (b[i * 4 + k] as number) * (a[k * 32 + j] as number)
        expect(found[i * 32 + j]).toBe(Math.fround((before[i * 32 + j] as number) + 2 * sum))
      }
    }
    expect(merged.names()).toHaveLength(base.names().filter((name) => !name.startsWith('classifier')).length + 2)
    merged.close()
    base.close()
    const json = JSON.parse(readFileSync(join(destination, 'config.json'), 'utf8'))
    expect(json).toMatchObject({
      architectures: ['BertForSequenceClassification'],
      id2label: { 0: 'ham', 1: 'spam', 2: 'other' },
      label2id: { ham: 0, spam: 1, other: 2 },
    })
    // It is a model folder like any other.
    await inspectModelFolder(destination)
  })

  test('a whole model: every file of it, without the state of the training', async () => {
    const checkpoint = join(await temporaryFolder(), 'checkpoint-7')
    await saveCheckpoint(checkpoint, async (dir) => {
      await cp(tinyModel, dir, { recursive: true })
      await writeFile(join(dir, 'trainer_state.json'), '{}')
    })
    const destination = join(await temporaryFolder(), 'mine')
    const { files } = await exportCheckpoint(checkpoint, tinyModel, destination, options)
    expect(files).toContain('model.safetensors')
    expect(files).not.toContain('trainer_state.json')
    expect(readFileSync(join(destination, 'model.safetensors'))).toEqual(
      readFileSync(join(tinyModel, 'model.safetensors')),
    )
    const readme = readFileSync(join(destination, 'README.md'), 'utf8')
    expect(readme).toMatch(
      /^---\nlicense: "apache-2.0"\nbase_model: "someone\/tiny-bert"\nlibrary_name: transformers\n/,
    )
  })

  test('an adapter of GPT-2 merged: its weights are stored the other way round, and it has no labels', async () => {
    const base = await openWeights(tinyDecoder)
    const module = 'transformer.h.1.attn.c_attn'
    const a = random(`${module}.lora_A.weight`, [2, 32], 1)
    const b = random(`${module}.lora_B.weight`, [96, 2], 2)
    const checkpoint = join(await temporaryFolder(), 'checkpoint-3')
    const decoder: AdapterConfig = {
      ...config,
      task: 'CAUSAL_LM',
      r: 2,
      targetModules: [module],
      modulesToSave: [],
      fanInFanOut: true,
    }
    await saveCheckpoint(checkpoint, async (dir) => {
      await writeAdapter(dir, [a, b], decoder)
    })
    expect(JSON.parse(readFileSync(join(checkpoint, 'adapter_config.json'), 'utf8'))).toMatchObject({
      fan_in_fan_out: true,
      modules_to_save: null,
      task_type: 'CAUSAL_LM',
    })
    expect(await readAdapterConfig(checkpoint)).toEqual(decoder)
    const destination = join(await temporaryFolder(), 'mine')
    await exportCheckpoint(checkpoint, tinyDecoder, destination, {
      ...options,
      task: 'text-generation',
      labels: [],
      merge: true,
    })
    const merged = await openWeights(destination)
    const [found, before] = [merged.read(`${module}.weight`), base.read(`${module}.weight`)]
    for (const [i, o] of [
      [0, 0],
      [5, 95],
      [31, 40],
    ] as const) {
      let sum = 0
      for (let k = 0; k < 2; k++) sum += (b.data[o * 2 + k] as number) * (a.data[k * 32 + i] as number)
      expect(found[i * 96 + o]).toBe(Math.fround((before[i * 96 + o] as number) + 4 * sum))
    }
    expect(merged.names().sort()).toEqual(base.names().sort())
    merged.close()
    base.close()
    const json = JSON.parse(readFileSync(join(destination, 'config.json'), 'utf8'))
    expect(json.architectures).toEqual(['GPT2LMHeadModel'])
    expect(json.id2label).toBeUndefined()
    expect(readFileSync(join(destination, 'README.md'), 'utf8')).toContain('pipeline("text-generation", model=".")')
    await inspectModelFolder(destination)
  })

  test('of a damaged checkpoint, or onto a folder that is there, is refused and leaves nothing', async () => {
    const checkpoint = await adapterCheckpoint()
    const parent = await temporaryFolder()
    await errorOf('conflict', () => exportCheckpoint(checkpoint, tinyModel, parent, options))
    await writeFile(join(checkpoint, 'adapter_config.json'), '{}')
    await errorOf('bad_file', () => exportCheckpoint(checkpoint, tinyModel, join(parent, 'mine'), options))
    await rm(join(checkpoint, 'manifest.json'))
    await errorOf('not_found', () => exportCheckpoint(checkpoint, tinyModel, join(parent, 'mine'), options))
    expect(readdirSync(parent)).toEqual([])
  })

  test('an adapter that does not fit the base model is not merged', async () => {
    const checkpoint = join(await temporaryFolder(), 'checkpoint-7')
    const strange = adapterTensors().map((one) => ({ ...one, name: one.name.replace('layer.1', 'layer.9') }))
    await saveCheckpoint(checkpoint, async (dir) => {
      await writeAdapter(dir, strange, config)
    })
    const destination = join(await temporaryFolder(), 'mine')
    const merging = () => exportCheckpoint(checkpoint, tinyModel, destination, { ...options, merge: true })
    expect((await errorOf('bad_file', merging)).message).toContain('layer.9')
    expect(existsSync(destination)).toBe(false)
    const narrow = join(await temporaryFolder(), 'checkpoint-8')
    await saveCheckpoint(narrow, async (dir) => {
      await writeAdapter(dir, adapterTensors(), { ...config, r: 3 })
    })
    const misfit = () => exportCheckpoint(narrow, tinyModel, destination, { ...options, merge: true })
    expect((await errorOf('bad_file', misfit)).message).toMatch(/r = 3 do not fit the weight \[32,32\]/)
  })
})

test('a card shows names as they are, whatever is in them', () => {
  const name = 'a: "b"\n---\n# <script> | `x` [y](z)'
  const card = modelCard(
    { ...options.card, name, baseModel: name, dataset: name },
    'text-classification',
    ['a|b`c'],
    'adapter',
  )
  const [, header = '', ...rest] = card.split(/^---$/m)
  expect(header.trim().split('\n')).toHaveLength(4)
  expect(header).toContain(`base_model: ${JSON.stringify(name)}`)
  expect(rest).toHaveLength(1)
  const [prose = ''] = rest[0]?.split('## Use') ?? []
  expect(prose).not.toContain('<script>')
  expect(prose).toContain("Labels: `a|b'c`")
  const lines = card.split('\n')
  expect(lines.filter((line) => line.startsWith('# '))).toHaveLength(1)
})

test('a card of a model that makes one text out of another says how it is used', () => {
  const card = modelCard(options.card, 'text2text-generation', [], 'model')
  expect(card).toContain('pipeline_tag: text2text-generation')
  expect(card).toContain('AutoModelForSeq2SeqLM.from_pretrained(".")')
  expect(modelCard(options.card, 'text-generation', [], 'adapter')).toContain('AutoModelForCausalLM')
})

test('a card names only what loads the model', () => {
  const use = (kind: 'model' | 'adapter') =>
    modelCard(options.card, 'decision-making', [], kind).split('## Use')[1] ?? ''
  for (const kind of ['model', 'adapter'] as const) {
    expect(use(kind)).toContain('DecisionTransformerModel.from_pretrained')
    expect(use(kind)).not.toMatch(/pipeline|AutoTokenizer/)
  }
  expect(modelCard(options.card, 'text-classification', ['a', 'b'], 'adapter')).toContain('AutoTokenizer')
})
