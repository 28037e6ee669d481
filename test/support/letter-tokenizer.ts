import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const letterPad = '<pad>'
export const letterEnd = '</s>'

/**
 * Writes a tokenizer of single characters into a model folder: ids 0 and 1 are padding and the end of a text, then come
 * the characters in order, then tokens that are never used, up to `size`. A text is followed by its end.
 */
export async function writeLetterTokenizer(dir: string, characters: readonly string[], size = 0): Promise<number> {
  const tokens = [letterPad, letterEnd, ...characters]
  while (tokens.length < size) tokens.push(`<unused${tokens.length}>`)
  const special = (content: string, id: number) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  })
  const tokenizer = {
    version: '1.0',
    added_tokens: [special(letterPad, 0), special(letterEnd, 1)],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: letterEnd, type_id: 0 } }],
      pair: [],
      special_tokens: { [letterEnd]: { id: letterEnd, ids: [1], tokens: [letterEnd] } },
    },
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
  }
  const settings = { tokenizer_class: 'PreTrainedTokenizerFast', pad_token: letterPad, eos_token: letterEnd }
  await writeFile(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer))
  await writeFile(join(dir, 'tokenizer_config.json'), JSON.stringify(settings))
  return tokens.length
}
