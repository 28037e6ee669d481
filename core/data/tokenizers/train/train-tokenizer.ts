import { AttuneError } from '../../../contract/errors.ts'
import type { TokenizerKind } from '../../../contract/tokenizers.ts'
import { parseTokenizerJson, type TokenizerJson } from '../tokenizer-json.ts'
import { splitByteLevel, trainByteLevel } from './byte-level.ts'
import { splitMetaspace, trainUnigram } from './unigram.ts'
import { bertSplitter, trainWordPieces } from './word-pieces.ts'
import { countWords, type WordCounts } from './words.ts'

export interface TokenizerPlan {
  readonly kind: TokenizerKind
  /** Tokens at most, special ones included; fewer where the text has too little to learn from. */
  readonly vocabSize: number
  /** WordPiece only: letters are made small and lose their accents. */
  readonly lowercase: boolean
  /** Special tokens around a text: see Blueprint.frame. */
  readonly frame: 'bare' | 'both' | 'end'
  readonly maxLength: number
}

/** The files of a tokenizer: tokenizer.json and tokenizer_config.json. */
export interface TrainedTokenizer {
  readonly tokenizer: TokenizerJson
  readonly settings: Readonly<Record<string, unknown>>
}

export interface TrainingProgress {
  /** Texts that are read, of so many. May throw to stop. */
  reading(done: number, total: number): void
  /** How far the vocabulary is, 0 to 1. May throw to stop. */
  learning(share: number): void
}

/** What each kind calls its special tokens: padding, beginning and end of a text, unknown, masked. */
const specialsOf = {
  bpe: { pad: '<|pad|>', begin: '<|endoftext|>', end: '<|endoftext|>', unknown: null, mask: '<|mask|>' },
  wordpiece: { pad: '[PAD]', begin: '[CLS]', end: '[SEP]', unknown: '[UNK]', mask: '[MASK]' },
  unigram: { pad: '<pad>', begin: '<s>', end: '</s>', unknown: '<unk>', mask: '<mask>' },
} as const

/**
 * A tokenizer that is learned from texts; the same texts in the same order give the same tokenizer. Throws AttuneError
 * bad_data where there is nothing to learn from.
 */
export function trainTokenizer(
  texts: Iterable<string>,
  total: number,
  plan: TokenizerPlan,
  progress: TrainingProgress,
): TrainedTokenizer {
  const { kind, lowercase } = plan
  const { pad, begin, end, unknown, mask } = specialsOf[kind]
  const specials = [...new Set([pad, unknown ?? begin, begin, end, mask])]
  const split = { bpe: splitByteLevel, wordpiece: bertSplitter(lowercase), unigram: splitMetaspace }[kind]
  const words = countWords(texts, split, (done) => progress.reading(done, total))
  if (words.size === 0) throw new AttuneError('bad_data', 'The texts are empty: there is nothing to learn tokens from.')
  const learned = learn(words, specials, plan, specials.indexOf(unknown ?? pad), progress)
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    ...learned,
    post_processor: frameOf(plan.frame, begin, end, specials),
  }
  return {
    // The same checks as of a file from anywhere.
    tokenizer: parseTokenizerJson(JSON.stringify(json), 'The trained tokenizer'),
    settings: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: plan.maxLength,
      pad_token: pad,
      ...(unknown !== null && { unk_token: unknown }),
      bos_token: begin,
      eos_token: end,
      cls_token: begin,
      sep_token: end,
      mask_token: mask,
      clean_up_tokenization_spaces: false,
      ...(kind === 'wordpiece' && { do_lower_case: lowercase }),
    },
  }
}

function learn(
  words: WordCounts,
  specials: readonly string[],
  { kind, vocabSize, lowercase }: TokenizerPlan,
  unknown: number,
  { learning }: TrainingProgress,
): Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'> {
  const grown = (count: number) => learning(Math.min(1, count / vocabSize))
  if (kind === 'bpe') return trainByteLevel(words, specials, vocabSize, grown)
  if (kind === 'wordpiece') return trainWordPieces(words, specials, { vocabSize, lowercase }, grown)
  return trainUnigram(words, specials, { vocabSize, unknown }, (left, first, wanted) => {
    learning(first <= wanted ? 1 : Math.max(0, Math.log(first / left) / Math.log(first / wanted)))
  })
}

/** What puts the special tokens around a text; null for none. */
function frameOf(
  frame: TokenizerPlan['frame'],
  begin: string,
  end: string,
  specials: readonly string[],
): { type: string } | null {
  if (frame === 'bare') return null
  const special = (id: string, type_id = 0) => ({ SpecialToken: { id, type_id } })
  const text = (id: 'A' | 'B', type_id: number) => ({ Sequence: { id, type_id } })
  const first = frame === 'both' ? [special(begin)] : []
  const used = [...new Set(frame === 'both' ? [begin, end] : [end])]
  return {
    type: 'TemplateProcessing',
    single: [...first, text('A', 0), special(end)],
    pair: [...first, text('A', 0), special(end), text('B', 1), special(end, 1)],
    special_tokens: Object.fromEntries(used.map((id) => [id, { id, ids: [specials.indexOf(id)], tokens: [id] }])),
  } as { type: string }
}
