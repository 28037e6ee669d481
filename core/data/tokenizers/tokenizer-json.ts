import { z } from 'zod'
import { AttuneError } from '../../contract/errors.ts'
import { checkHarmless } from './harmless.ts'

/**
 * tokenizer.json, checked before anything is built from it: the library that runs it accepts unknown model types,
 * negative ids and merges of unknown tokens without a word, and hangs on some patterns.
 */

const maxTokens = 2_000_000
const id = z.number().int().min(0).max(maxTokens)
const flag = z.boolean().default(false)

const addedTokenSchema = z.looseObject({
  id,
  content: z.string().min(1).max(1000),
  single_word: flag,
  lstrip: flag,
  rstrip: flag,
  normalized: flag,
  special: flag,
})

/** A step of the pipeline; its own fields are for the one that runs it. */
const stepSchema = z.looseObject({ type: z.string() })
export type Step = z.infer<typeof stepSchema>

const vocabulary = z.record(z.string(), id)
const modelSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('WordPiece'),
    vocab: vocabulary,
    unk_token: z.string(),
    continuing_subword_prefix: z.string().max(100).default('##'),
    max_input_chars_per_word: z.number().int().min(1).max(10_000).default(100),
  }),
  z.looseObject({
    type: z.literal('BPE'),
    vocab: vocabulary,
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
  z.looseObject({ type: z.literal('Unigram'), vocab: z.array(z.tuple([z.string(), z.number()])) }),
])
export type WordPieceModel = Extract<z.infer<typeof modelSchema>, { type: 'WordPiece' }>

/** Sizes of padding and truncation are not used here, but absurd ones make the file suspect. */
const saneSize = z.number().int().min(0).max(10_000_000)
const paddingSchema = z
  .looseObject({
    strategy: z.union([z.string(), z.looseObject({ Fixed: saneSize })]),
    pad_to_multiple_of: saneSize.nullish(),
    pad_id: id.default(0),
  })
  .nullish()
const truncationSchema = z
  .looseObject({ max_length: saneSize, stride: saneSize.default(0) })
  .refine(({ max_length, stride }) => stride < max_length, {
    error: 'stride is not below max_length',
    path: ['stride'],
  })
  .nullish()

const tokenizerSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema).max(100_000).default([]),
  normalizer: stepSchema.nullable().default(null),
  pre_tokenizer: stepSchema.nullable().default(null),
  post_processor: stepSchema.nullable().default(null),
  decoder: stepSchema.nullable().default(null),
  model: modelSchema,
  padding: paddingSchema,
  truncation: truncationSchema,
})
export type TokenizerJson = z.infer<typeof tokenizerSchema>

/** Throws AttuneError bad_file or unsupported; `file` names the file in the sentence. */
export function parseTokenizerJson(text: string, file: string): TokenizerJson {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new AttuneError('bad_file', `${file} is not valid JSON.`, undefined, { cause })
  }
  const type = z.object({ model: z.object({ type: z.string() }) }).safeParse(json).data?.model.type
  if (type !== undefined && !['WordPiece', 'BPE', 'Unigram'].includes(type)) {
    const message = `${file}: the tokenizer model "${type.slice(0, 50)}" is not known; known are WordPiece, BPE and Unigram.`
    throw new AttuneError('unsupported', message)
  }
  const parsed = tokenizerSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AttuneError('bad_file', `${file}: ${issue?.path.join('.').slice(0, 200)}: ${issue?.message}.`)
  }
  const tokenizer = parsed.data
  const fail = (what: string) => new AttuneError('bad_file', `${file}: ${what}.`)
  const ids = idsOf(tokenizer, fail)
  checkModel(tokenizer, ids, fail)
  checkTemplate(tokenizer, ids, fail)
  checkHarmless([tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.post_processor, tokenizer.decoder], file)
  return tokenizer
}

type Fail = (what: string) => AttuneError

/** Token → id of vocabulary and added tokens together, which must use every id from 0 on, each once. */
function idsOf({ model, added_tokens }: TokenizerJson, fail: Fail): ReadonlyMap<string, number> {
  const entries: [string, number][] =
    model.type === 'Unigram' ? model.vocab.map(([token], i) => [token, i]) : Object.entries(model.vocab)
  if (entries.length === 0) throw fail('the vocabulary is empty')
  const ids = new Map(entries)
  const tokens = new Map(entries.map(([token, id]) => [id, token]))
  if (tokens.size !== entries.length) throw fail('two tokens of the vocabulary have the same id')
  for (const { content, id } of added_tokens) {
    const known = ids.get(content)
    if (known !== undefined && known !== id) throw fail(`the added token "${content}" has the ids ${known} and ${id}`)
    if (known === undefined && tokens.has(id)) throw fail(`the added token "${content}" has the id ${id} of another`)
    ids.set(content, id)
    tokens.set(id, content)
  }
  for (let id = 0; id < tokens.size; id++) {
    if (!tokens.has(id)) throw fail(`the vocabulary has a gap: no token has the id ${id} of ${tokens.size}`)
  }
  return ids
}

function checkModel({ model }: TokenizerJson, ids: ReadonlyMap<string, number>, fail: Fail): void {
  if (model.type === 'WordPiece' && !ids.has(model.unk_token)) {
    throw fail(`the token for unknown words, "${model.unk_token}", is not in the vocabulary`)
  }
  if (model.type !== 'BPE') return
  for (const [i, merge] of model.merges.entries()) {
    const parts = typeof merge === 'string' ? merge.split(' ') : merge
    const lost = parts.length === 2 ? [...parts, parts.join('')].find((token) => !ids.has(token)) : String(merge)
    if (lost !== undefined) throw fail(`merge ${i} needs the token "${lost.slice(0, 50)}", which is not there`)
  }
}

const templateSchema = z.looseObject({
  single: z.array(
    z.union([
      z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }) }),
      z.looseObject({ Sequence: z.looseObject({ id: z.enum(['A', 'B']) }) }),
    ]),
  ),
})

/** The special tokens that a template puts around a text exist. */
function checkTemplate({ post_processor }: TokenizerJson, ids: ReadonlyMap<string, number>, fail: Fail): void {
  if (post_processor?.type !== 'TemplateProcessing') return
  const template = templateSchema.safeParse(post_processor)
  if (!template.success) throw fail('its post_processor is not a valid template')
  for (const part of template.data.single) {
    if ('SpecialToken' in part) {
      const { id } = (part as { SpecialToken: { id: string } }).SpecialToken
      if (!ids.has(id)) throw fail(`its template uses the special token "${id}", which is not in the vocabulary`)
    }
  }
}
