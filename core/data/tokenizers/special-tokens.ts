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
