import type { TokenizerJson } from '../tokenizer-json.ts'
import { learnMerges } from './pair-merges.ts'
import { byNumber, type WordCounts } from './words.ts'

/**
 * Byte-level BPE (Radford et al. 2019): a text is cut by GPT-2's pattern, each piece is its UTF-8 bytes, and frequent
 * pairs become tokens. Whatever the text, nothing is unknown.
 */

/** As huggingface/tokenizers' ByteLevel cuts. */
const pattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu

export function splitByteLevel(text: string): string[] {
  return text.match(pattern) ?? []
}

/** The character that stands for each byte in a vocabulary: itself where it can be seen, else one from U+0100 on. */
const characterOf: readonly string[] = (() => {
  let next = 0x100
  const seen = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(seen(byte) ? byte : next++))
})()

/** Ids: special tokens, the 256 bytes, then what was made. */
export function trainByteLevel(
  words: WordCounts,
  specials: readonly string[],
  vocabSize: number,
  onSymbols: (count: number) => void,
): Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'> {
  const symbols = [...specials, ...characterOf.toSorted(byNumber)]
  const idOfByte = characterOf.map((character) => symbols.indexOf(character))
  const encoder = new TextEncoder()
  const bytes = Array.from(words.keys(), (word) => Int32Array.from(encoder.encode(word), (b) => idOfByte[b] as number))
  const merges = learnMerges(symbols, bytes, Float64Array.from(words.values()), {
    vocabSize,
    minCount: 2,
    join: (left, right) => left + right,
    onSymbols,
  })
  const text = (id: number) => symbols[id] as string
  return {
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(symbols.map((symbol, id) => [symbol, id])),
      merges: merges.map(({ left, right }) => [text(left), text(right)]),
    },
  }
}
