import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSafetensors } from '../../core/checkpoint/safetensors.ts'
import { describeModel } from '../../core/train/load-model.ts'
import { goldenDir } from '../golden/reference.ts'
import { attune, temporaryHome } from './attune.ts'
import { someValues } from './engines.ts'

const tokenizers = {
  bert: ['tokenizer.json', 'tokenizer_config.json', 'vocab.txt'],
  gpt2: ['tokenizer.json', 'tokenizer_config.json'],
}
const positions = 512
const configs = {
  bert: {
    ...{ model_type: 'bert', architectures: ['BertModel'], vocab_size: 127, hidden_size: 256, num_hidden_layers: 4 },
    ...{ num_attention_heads: 4, intermediate_size: 1024, max_position_embeddings: positions, pad_token_id: 0 },
  },
  gpt2: {
    ...{ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], vocab_size: 300, n_embd: 256, n_layer: 4, n_head: 4 },
    ...{ n_positions: positions, bos_token_id: 0, eos_token_id: 0 },
  },
}

/** A folder with a model of three million parameters: the tokenizer of the tiny one, and weights that mean nothing. */
async function writeWideModel(dir: string, kind: 'bert' | 'gpt2'): Promise<void> {
  await mkdir(dir, { recursive: true })
  for (const file of tokenizers[kind]) await copyFile(join(goldenDir, `tiny-${kind}`, file), join(dir, file))
  const config = configs[kind]
  await writeFile(join(dir, 'config.json'), JSON.stringify(config))
  const task = kind === 'bert' ? 'text-classification' : 'text-generation'
  const { parameters } = describeModel(kind, config, task, 2, { dir })
  const own = Object.entries(parameters).filter(([name]) => !name.startsWith('classifier.'))
  const tensors = own.map(([name, { shape }], i) => {
    const count = shape.reduce((product, size) => product * size, 1)
    return { name, shape: [...shape], data: someValues(count, i + 1, -0.05, 0.05) }
  })
  await writeSafetensors(join(dir, 'model.safetensors'), tensors)
}

const words = ['free', 'money', 'kernel', 'patch', 'meeting', 'list', 'prize', 'click', 'the', 'win']

/** Texts that fill a row of any length that the model takes. */
function longTexts(count: number): string {
  const text = (row: number) => Array.from({ length: 520 }, (_, i) => words[(row * 7 + i * 3) % words.length]).join(' ')
  return `text,label\n${Array.from({ length: count }, (_, i) => `${text(i)},${i % 2 === 0 ? 'spam' : 'ham'}`).join('\n')}\n`
}

/** A home with a model and a dataset, and where a run's settings go. */
export async function wideHome(kind: 'bert' | 'gpt2', task: string): Promise<{ home: string; config: string }> {
  const home = await temporaryHome()
  const file = join(home, 'texts.csv')
  await writeFile(file, longTexts(120))
  await writeWideModel(join(home, 'wide'), kind)
  await attune(home, 'models', 'add', join(home, 'wide'), '--name', 'wide')
  const map = kind === 'bert' ? 'text=text,label=label' : 'text=text'
  await attune(home, 'datasets', 'import', file, '--name', 'texts', '--task', task, '--map', map)
  return { home, config: join(home, 'config.json') }
}
