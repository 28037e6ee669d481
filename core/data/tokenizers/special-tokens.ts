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

/** The id that fills short rows: as tokenizer_config.json says, else the padding of tokenizer.json, else [PAD], else 0. */
export function padIdOf(
  { padding }: TokenizerJson,
  settings: Readonly<Record<string, unknown>>,
  tokens: readonly string[],
): number {
  const { pad_token: given } = settings
  const name = typeof given === 'object' && given !== null && 'content' in given ? given.content : given
  const named = typeof name === 'string' ? tokens.indexOf(name) : -1
  if (named >= 0) return named
  const padId = padding?.pad_id
  if (padId !== undefined && padId < tokens.length) return padId
  return Math.max(0, tokens.indexOf('[PAD]'))
}
