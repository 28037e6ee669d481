import { AttuneError } from '../../contract/errors.ts'
import type { TokenizerJson } from './tokenizer-json.ts'

/** vocab.txt: one token a line, the line number from 0 being its id. */
export function parseVocabText(text: string, file: string): Map<string, number> {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  const ids = new Map(lines.map((token, id) => [token, id]))
  if (ids.size !== lines.length) {
    const twice = lines.find((token, id) => ids.get(token) !== id) ?? ''
    throw new AttuneError('bad_file', `${file}: the token "${twice.slice(0, 50)}" is on two lines.`)
  }
  for (const special of ['[UNK]', '[CLS]', '[SEP]', '[PAD]']) {
    if (!ids.has(special)) throw new AttuneError('bad_file', `${file}: BERT's token ${special} is not in it.`)
  }
  return ids
}

/** What tokenizer.json would say for this vocabulary: transformers' BertTokenizer with its settings and defaults. */
export function bertTokenizerJson(
  ids: ReadonlyMap<string, number>,
  settings: Readonly<Record<string, unknown>>,
): TokenizerJson {
  const id = (token: string) => ids.get(token) as number
  const specials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].filter((token) => ids.has(token))
  return {
    added_tokens: specials.map((content) => ({
      id: id(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: settings.tokenize_chinese_chars !== false,
      strip_accents: typeof settings.strip_accents === 'boolean' ? settings.strip_accents : null,
      lowercase: settings.do_lower_case !== false,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', id('[SEP]')], cls: ['[CLS]', id('[CLS]')] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      vocab: Object.fromEntries(ids),
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
    },
    padding: null,
    truncation: null,
  }
}
