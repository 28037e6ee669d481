/** Kinds of tokenizers that can be trained here. */
export const tokenizerKinds = ['bpe', 'wordpiece', 'unigram'] as const
export type TokenizerKind = (typeof tokenizerKinds)[number]

/** What a person reads. */
export const tokenizerTitles: Readonly<Record<TokenizerKind, string>> = {
  bpe: 'Byte-level BPE',
  wordpiece: 'WordPiece',
  unigram: 'Unigram',
}
