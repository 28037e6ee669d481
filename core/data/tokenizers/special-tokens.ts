import type { TokenizerJson } from './tokenizer-json.ts'

/** Every token of a tokenizer by its id. */
export function tokensById({ model, added_tokens }: TokenizerJson): string[] {
  const tokens: string[] = []
  const entries: Iterable<[string, number]> =
    model.type === 'Unigram' ? model.vocab.map(([token], id) => [token, id]) : Object.entries(model.vocab)
  for (const [token, id] of entries) tokens[id] = token
  for (const { content, id } of added_tokens) tokens[id] = content
  return tokens
}

/** The ids of the added tokens that stand for no text of their own. */
export function specialIds({ added_tokens }: TokenizerJson): ReadonlySet<number> {
  return new Set(added_tokens.filter(({ special }) => special).map(({ id }) => id))
}

/** The id of the token that ends a text, as tokenizer_config.json says; null where it names none. */
export function eosIdOf(settings: Readonly<Record<string, unknown>>, tokens: readonly string[]): number | null {
  return idNamed(settings.eos_token, tokens)
}

/** tokenizer_config.json names a token by its text, or by an object that has it. */
function idNamed(given: unknown, tokens: readonly string[]): number | null {
  const name = typeof given === 'object' && given !== null && 'content' in given ? given.content : given
  const id = typeof name === 'string' ? tokens.indexOf(name) : -1
  return id < 0 ? null : id
}

/** The id that fills short rows: as tokenizer_config.json says, else the padding of tokenizer.json, else [PAD], else 0. */
export function padIdOf(
  { padding }: TokenizerJson,
  settings: Readonly<Record<string, unknown>>,
  tokens: readonly string[],
): number {
  const named = idNamed(settings.pad_token, tokens)
  if (named !== null) return named
  const padId = padding?.pad_id
  if (padId !== undefined && padId < tokens.length) return padId
  return Math.max(0, tokens.indexOf('[PAD]'))
}

/** The token that hides a word, as tokenizer_config.json says, else under its usual names; null where there is none. */
export function maskIdOf(settings: Readonly<Record<string, unknown>>, tokens: readonly string[]): number | null {
  const named = idNamed(settings.mask_token, tokens)
  if (named !== null) return named
  const usual = ['[MASK]', '<mask>'].map((token) => tokens.indexOf(token)).filter((id) => id >= 0)
  return usual[0] ?? null
}

/** Ids that a tokenizer puts around one text, or around and between two. */
export interface Specials {
  readonly before: readonly number[]
  /** After the first of two texts, the second coming next. */
  readonly between: readonly number[]
  readonly after: readonly number[]
  /** The type of the second text's tokens and of those after it; the first's are 0. */
  readonly secondType: number
}

const none: Specials = { before: [], between: [], after: [], secondType: 0 }

type Part = { SpecialToken: { id: string } } | { Sequence: { id: 'A' | 'B'; type_id?: number } }

/** What the post-processor of a checked tokenizer.json says; nothing where it has none that is known. */
export function specialsOf(json: TokenizerJson, tokens: readonly string[]): Specials {
  const { post_processor: step } = json
  const steps = step?.type === 'Sequence' ? (step.processors as (typeof step)[]) : [step]
  for (const one of steps) {
    if (one?.type === 'TemplateProcessing') return templateSpecials(one as unknown as Templates, tokens)
    if (one?.type !== 'BertProcessing' && one?.type !== 'RobertaProcessing') continue
    const { cls, sep } = one as unknown as { cls: [string, number]; sep: [string, number] }
    const [before, after] = [[tokens.indexOf(cls[0])], [tokens.indexOf(sep[0])]]
    return one.type === 'BertProcessing'
      ? { before, between: after, after, secondType: 1 }
      : { before, between: [...after, ...after], after, secondType: 0 }
  }
  return none
}

interface Templates {
  readonly single: readonly Part[]
  readonly pair?: readonly Part[]
}

function templateSpecials({ single, pair = [] }: Templates, tokens: readonly string[]): Specials {
  const ids = (parts: readonly Part[]) =>
    parts.flatMap((part) => ('SpecialToken' in part ? [tokens.indexOf(part.SpecialToken.id)] : []))
  const place = (parts: readonly Part[], id: string) =>
    parts.findIndex((part) => 'Sequence' in part && part.Sequence.id === id)
  const text = single.findIndex((part) => 'Sequence' in part)
  const [first, second] = [place(pair, 'A'), place(pair, 'B')]
  const known = first >= 0 && second > first
  const last = known ? (pair[second] as Extract<Part, { Sequence: unknown }>) : null
  return {
    before: ids(single.slice(0, text)),
    between: known ? ids(pair.slice(first, second)) : ids(single.slice(text)),
    after: ids(single.slice(text)),
    secondType: last?.Sequence.type_id ?? 0,
  }
}
