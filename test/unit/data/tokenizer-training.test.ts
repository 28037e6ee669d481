import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type TokenizerKind, tokenizerKinds } from '../../../core/contract/tokenizers.ts'
import { loadTokenizer, type Tokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import { learnMerges } from '../../../core/data/tokenizers/train/pair-merges.ts'
import { type TokenizerPlan, trainTokenizer } from '../../../core/data/tokenizers/train/train-tokenizer.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'

const texts = [
  ...Array.from({ length: 30 }, () => 'the lowest tower is lower than the newest tower'),
  ...Array.from({ length: 20 }, () => 'Newer towers: lower, wider, newer!'),
  'naïve café 日本',
]
const plan = { vocabSize: 320, lowercase: true, frame: 'bare', maxLength: 64 } as const

function train(kind: TokenizerKind, changes: Partial<TokenizerPlan> = {}, from: readonly string[] = texts) {
  return trainTokenizer(from, from.length, { ...plan, kind, ...changes }, { reading: () => {}, learning: () => {} })
}

async function loaded(kind: TokenizerKind, changes: Partial<TokenizerPlan> = {}): Promise<Tokenizer> {
  const dir = await temporaryFolder()
  const { tokenizer, settings } = train(kind, changes)
  await writeFile(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer))
  await writeFile(join(dir, 'tokenizer_config.json'), JSON.stringify(settings))
  return loadTokenizer(dir)
}

const encoded = (tokenizer: Tokenizer, text: string) =>
  tokenizer.tokens(tokenizer.encode(text, Number.MAX_SAFE_INTEGER).ids)

describe('merging pairs', () => {
  const learn = (words: readonly string[], counts: readonly number[], vocabSize: number) => {
    const symbols = [...new Set(words.join(''))].sort()
    const spelled = words.map((word) => Int32Array.from(word, (character) => symbols.indexOf(character)))
    const join = (left: string, right: string) => left + right
    learnMerges(symbols, spelled, counts, { vocabSize, minCount: 2, join, onSymbols: () => {} })
    return { symbols, words: spelled }
  }

  test('takes the most frequent pair, and of equals the one of smaller symbols', () => {
    // ab 5, bc 3, cd 3 at first; with ab one, abc 3 and cd 3.
    const { symbols } = learn(['ab', 'abc', 'cd'], [2, 3, 3], 7)
    expect(symbols).toEqual(['a', 'b', 'c', 'd', 'ab', 'cd', 'abc'])
  })

  test('in a run of one symbol goes from the left', () => {
    const { symbols } = learn(['aaaa', 'b'], [4, 1], 4)
    expect(symbols).toEqual(['a', 'b', 'aa', 'aaaa'])
  })

  test('leaves a pair that occurs once', () => {
    expect(learn(['ab', 'cdcd'], [1, 1], 9).symbols).toEqual(['a', 'b', 'c', 'd', 'cd'])
  })
})

describe.each(tokenizerKinds)('a trained tokenizer, %s', (kind) => {
  test('is the same each time', () => {
    expect(train(kind)).toEqual(train(kind))
  })

  test('makes one token of a frequent word', async () => {
    const tokens = encoded(await loaded(kind, { vocabSize: 400 }), ' tower')
    expect(tokens.filter((token) => token !== '▁')).toHaveLength(1)
  })

  test('has at most the tokens that were asked for', () => {
    for (const vocabSize of [300, 1000]) {
      const { model } = train(kind, { vocabSize }).tokenizer
      const size = Array.isArray(model.vocab) ? model.vocab.length : Object.keys(model.vocab).length
      expect(size).toBeLessThanOrEqual(vocabSize)
    }
  })

  test('knows its special tokens, and puts them where they are to be', async () => {
    const both = await loaded(kind, { frame: 'both' })
    expect(both.eosId).not.toBeNull()
    expect(both.padId).toBe(0)
    const tokens = encoded(both, 'tower')
    const { begin, end } = {
      bpe: { begin: '<|endoftext|>', end: '<|endoftext|>' },
      wordpiece: { begin: '[CLS]', end: '[SEP]' },
      unigram: { begin: '<s>', end: '</s>' },
    }[kind]
    expect([tokens[0], tokens.at(-1)]).toEqual([begin, end])
    const ended = encoded(await loaded(kind, { frame: 'end' }), 'tower')
    expect([ended.at(-1), ended[0] === begin]).toEqual([end, false])
    expect(encoded(await loaded(kind), 'tower')).not.toContain(end)
  })

  test('tells how far it is, and stops where it is told to', async () => {
    const shares: number[] = []
    const progress = { reading: () => {}, learning: (share: number) => void shares.push(share) }
    trainTokenizer(texts, texts.length, { ...plan, kind, vocabSize: 700 }, progress)
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true)
    const stop = new Error('enough')
    const stopping = () => {
      throw stop
    }
    const run = async () =>
      trainTokenizer(texts, texts.length, { ...plan, kind }, { reading: stopping, learning: () => {} })
    await expect(run()).rejects.toBe(stop)
  })

  test('refuses texts that are empty', async () => {
    await errorOf('bad_data', async () => train(kind, {}, ['', '']))
  })
})

test('byte-level BPE gives back any text', async () => {
  const tokenizer = await loaded('bpe')
  const text = ' Naïve 🙂\n\ttowers\u0000 日本 ́'
  expect(tokenizer.decode(Array.from(tokenizer.encode(text, 1000).ids))).toBe(text)
})

test('WordPiece keeps capital letters where it is told to', async () => {
  expect(encoded(await loaded('wordpiece', { lowercase: false, vocabSize: 500 }), 'Newer')).toEqual(['Newer'])
  expect(encoded(await loaded('wordpiece', { vocabSize: 500 }), 'Newer')).toEqual(['newer'])
})

test("a unigram model's probabilities come to one", () => {
  const { model } = train('unigram').tokenizer
  if (model.type !== 'Unigram') throw new Error('no unigram model')
  const pieces = model.vocab.filter(([token]) => !/^<.*>$/.test(token))
  expect(pieces.reduce((sum, [, score]) => sum + Math.exp(score), 0)).toBeCloseTo(1, 4)
})
