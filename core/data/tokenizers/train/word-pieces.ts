import { BertWords } from '../bert-words.ts'
import type { TokenizerJson } from '../tokenizer-json.ts'
import { learnMerges } from './pair-merges.ts'
import { byNumber, countCharacters, type WordCounts } from './words.ts'

/**
 * WordPiece's vocabulary, made as huggingface/tokenizers makes it: by merging pairs as BPE does, with "##" before what
 * does not begin a word. Words are cut as BERT cuts them.
 */

/** Rarer characters are unknown. */
const mostCharacters = 1000
const prefix = '##'

export function bertSplitter(lowercase: boolean): (text: string) => string[] {
  const options = { cleanText: true, chineseCharacters: true, stripAccents: lowercase, lowercase }
  const words = new BertWords(options)
  return (text) => words.split(text).flatMap((piece) => words.parts(piece))
}

/** Ids: special tokens, characters, characters that continue a word, then what was made. */
export function trainWordPieces(
  words: WordCounts,
  specials: readonly string[],
  { vocabSize, lowercase }: { vocabSize: number; lowercase: boolean },
  onSymbols: (count: number) => void,
): Pick<TokenizerJson, 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'> {
  const room = Math.max(1, Math.min(mostCharacters, Math.floor((vocabSize - specials.length) / 2)))
  const known = countCharacters(words)
    .slice(0, room)
    .map(([character]) => character)
    .sort(byNumber)
  const inside = new Set(Array.from(words.keys()).flatMap((word) => Array.from(word).slice(1)))
  const further = known.filter((character) => inside.has(character))
  const symbols = [...specials, ...known, ...further.map((character) => prefix + character)]
  const begins = new Map(known.map((character, i) => [character, specials.length + i]))
  const goesOn = new Map(further.map((character, i) => [character, specials.length + known.length + i]))
  const spelled = Array.from(words.keys(), (word) => spell(word, begins, goesOn))
  learnMerges(symbols, spelled, Float64Array.from(words.values()), {
    vocabSize,
    minCount: 2,
    join: (left, right) => left + right.slice(prefix.length),
    onSymbols,
  })
  return {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix, cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(symbols.map((symbol, id) => [symbol, id])),
    },
  }
}

/** Ids of a word's characters. One with an unknown character is unknown as a whole, and teaches nothing. */
function spell(word: string, begins: ReadonlyMap<string, number>, goesOn: ReadonlyMap<string, number>): Int32Array {
  const ids: number[] = []
  for (const character of word) {
    const id = (ids.length === 0 ? begins : goesOn).get(character)
    if (id === undefined) return new Int32Array()
    ids.push(id)
  }
  return Int32Array.from(ids)
}
