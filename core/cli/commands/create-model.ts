import { AttuneError } from '../../contract/errors.ts'
import type { PresetName, Sizes } from '../../contract/presets.ts'
import type { TokenizerKind } from '../../contract/tokenizers.ts'
import { findDataset, findModel, type Ground, showingProgress } from '../ground.ts'
import type { Answer } from '../io.ts'
import { modelFacts } from './models.ts'

export interface CreateModelOptions {
  readonly size: PresetName
  readonly set: readonly string[]
  readonly tokenizer?: string
  readonly learnFrom?: string
  readonly kind: TokenizerKind
  readonly vocabSize: number
  readonly cased: boolean
  readonly seed: number
  readonly name?: string
}

export async function createModel(ground: Ground, architecture: string, options: CreateModelOptions): Promise<Answer> {
  const { size, set, seed, name } = options
  const tokenizer = await tokenizerOf(ground, options)
  ground.output.note(`Making a ${architecture}, ${size} …`)
  const { model } = await showingProgress(
    ground,
    ground.call('models.create', {
      architecture,
      size,
      fields: fieldsOf(set),
      seed,
      ...(tokenizer && { tokenizer }),
      ...(name !== undefined && { name }),
    }),
  )
  return { value: { model }, text: `Made.\n${modelFacts(model)}` }
}

async function tokenizerOf(ground: Ground, { tokenizer, learnFrom, kind, vocabSize, cased }: CreateModelOptions) {
  if (tokenizer !== undefined) return { from: 'model' as const, model: (await findModel(ground, tokenizer)).id }
  if (learnFrom === undefined) return undefined
  const dataset = (await findDataset(ground, learnFrom)).id
  return { from: 'dataset' as const, dataset, kind, vocabSize, lowercase: !cased }
}

/** "hidden_size=256" each; a number, true or false where it reads as one. */
function fieldsOf(set: readonly string[]): Sizes {
  return Object.fromEntries(
    set.map((entry) => {
      const at = entry.indexOf('=')
      if (at < 1) throw new AttuneError('bad_request', `--set ${entry}: write it as field=value.`)
      const value = entry.slice(at + 1)
      const plain = value === 'true' || value === 'false' ? value === 'true' : value
      return [entry.slice(0, at), /^\d+$/.test(value) ? Number(value) : plain]
    }),
  )
}
