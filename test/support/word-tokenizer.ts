import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const wordEnd = '<end>'

/**
 * Writes a tokenizer of whole words into a model folder: id 0 ends a text and pads, 1 stands for words that are not
 * known, then come the words. Resolves to the number of tokens.
 */
export async function writeWordTokenizer(dir: string, words: Iterable<string>): Promise<number> {
  const tokens = [wordEnd, '<unknown>', ...new Set(words)]
  const special = (content: string, id: number) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  })
  const tokenizer = {
    version: '1.0',
    added_tokens: [special(wordEnd, 0), special('<unknown>', 1)],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    model: {
      ...{ type: 'WordPiece', unk_token: '<unknown>', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
  }
  const settings = { tokenizer_class: 'PreTrainedTokenizerFast', pad_token: wordEnd, eos_token: wordEnd }
  await writeFile(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer))
  await writeFile(join(dir, 'tokenizer_config.json'), JSON.stringify(settings))
  return tokens.length
}
