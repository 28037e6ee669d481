import type { Model } from '../../../core/contract/domain.ts'
import type { Input } from '../../../core/contract/methods.ts'
import {
  type Blueprint,
  blueprints,
  type PresetName,
  type SizeField,
  type Sizes,
  sizesOf,
} from '../../../core/contract/presets.ts'
import type { TokenizerKind } from '../../../core/contract/tokenizers.ts'

/** The form as it is filled in. */
export interface CreateDraft {
  readonly architecture: string
  readonly size: PresetName
  /** Sizes as typed, where they are to be others than the preset's. */
  readonly typed: Readonly<Record<string, string>>
  readonly from: 'model' | 'dataset'
  readonly model: string | null
  readonly dataset: string | null
  readonly kind: TokenizerKind
  readonly vocabSize: string
  readonly lowercase: boolean
  readonly seed: string
  readonly name: string
}

export const emptyCreateDraft: CreateDraft = {
  architecture: 'bert',
  size: 'tiny',
  typed: {},
  from: 'dataset',
  model: null,
  dataset: null,
  kind: 'wordpiece',
  vocabSize: '8000',
  lowercase: true,
  seed: '42',
  name: '',
}

/** Another architecture has sizes of its own, and mostly reads tokens of another kind. */
export function withArchitecture(draft: CreateDraft, architecture: string): CreateDraft {
  const kind = ({ both: 'wordpiece', bare: 'bpe', end: 'unigram' } as const)[blueprintOf(architecture).frame ?? 'bare']
  return { ...draft, architecture, typed: {}, kind }
}

export function blueprintOf(architecture: string): Blueprint {
  return blueprints[architecture] as Blueprint
}

/** What models.create is to be given, how many parameters that comes to, and what is still wrong, as a sentence. */
export interface ReadCreateDraft {
  readonly input: Input<'models.create'> | null
  readonly parameters: number | null
  readonly problem: string | null
}

export function readCreateDraft(draft: CreateDraft, models: readonly Model[]): ReadCreateDraft {
  const blueprint = blueprintOf(draft.architecture)
  const failed = (problem: string, parameters: number | null = null) => ({ input: null, parameters, problem })
  const own = ownSizes(blueprint, draft.typed)
  const chosen = sizesOf(blueprint, draft.size, own)
  if ('problem' in chosen) return failed(chosen.problem)
  const words = vocabularyOf(draft, models)
  if (blueprint.frame !== null && words === null) {
    return failed(draft.from === 'model' ? 'Choose the model whose tokenizer it takes.' : vocabularyProblem(draft))
  }
  const vocabulary = words === null ? null : { size: words, padId: 0, eosId: null }
  const parameters = blueprint.parameters(blueprint.config(chosen.sizes, blueprint.frame === null ? null : vocabulary))
  if (blueprint.frame !== null && draft.from === 'dataset' && draft.dataset === null) {
    return failed('Choose the dataset from whose texts the tokens are learned.', parameters)
  }
  const seed = wholeNumber(draft.seed)
  if (seed === null || seed > 2147483647)
    return failed('The seed must be a whole number from 0 to 2147483647.', parameters)
  return { input: inputOf(draft, blueprint, own, words, seed), parameters, problem: null }
}

function inputOf(
  draft: CreateDraft,
  { frame }: Blueprint,
  fields: Sizes,
  vocabSize: number | null,
  seed: number,
): Input<'models.create'> {
  const { architecture, size, from, model, dataset, kind, lowercase, name } = draft
  const learned = { from: 'dataset' as const, dataset: dataset ?? '', kind, vocabSize: vocabSize ?? 0, lowercase }
  const taken = { from: 'model' as const, model: model ?? '' }
  return {
    architecture,
    size,
    fields,
    seed,
    ...(frame !== null && { tokenizer: from === 'model' ? taken : learned }),
    ...(name.trim() !== '' && { name: name.trim() }),
  }
}

/** How many tokens the model will know; null while that is not decided. A learned vocabulary may turn out smaller. */
function vocabularyOf({ from, model, vocabSize }: CreateDraft, models: readonly Model[]): number | null {
  if (from === 'model') return models.find(({ id }) => id === model)?.vocabSize ?? null
  const size = wholeNumber(vocabSize)
  return size !== null && size >= 300 && size <= 200_000 ? size : null
}

function vocabularyProblem({ vocabSize }: CreateDraft): string {
  return `Tokens: ${vocabSize.trim() === '' ? 'nothing' : `"${vocabSize}"`} was given; it must be a whole number from 300 to 200000.`
}

/** Numbers and choices as they are typed; what is no number stays text, and is refused by name. */
function ownSizes({ fields }: Blueprint, typed: CreateDraft['typed']): Sizes {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const text = typed[field.name]?.trim() ?? ''
      return text === '' ? [] : [[field.name, entryOf(field, text)]]
    }),
  )
}

function entryOf({ choices }: SizeField, text: string): string | number | boolean {
  if (choices) return choices.find((choice) => String(choice) === text) ?? text
  return wholeNumber(text) ?? text
}

function wholeNumber(text: string): number | null {
  return /^\d+$/.test(text.trim()) ? Number(text) : null
}
