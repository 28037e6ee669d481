import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadTokenizer } from '../../../core/data/tokenizers/tokenizer.ts'
import { TextStream } from '../../../core/generate/text-stream.ts'

/** A tokenizer of bytes: what is no whole character reads U+FFFD. */
const bytes = (text: string) => [...new TextEncoder().encode(text)]
const decode = (ids: readonly number[]) => new TextDecoder().decode(Uint8Array.from(ids))

function streamed(ids: readonly number[], stops: readonly string[] = []): { pieces: string[]; stopped: boolean } {
  const stream = new TextStream(decode, stops)
  const pieces = ids.map((id) => stream.push(id))
  return { pieces: [...pieces, stream.end()], stopped: stream.stopped }
}

describe('a stream of text', () => {
  test('gives whole characters only, and all of them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const { pieces } = streamed(bytes(text))
        expect(pieces.join('')).toBe(text)
        for (const piece of pieces) if (!text.includes('\uFFFD')) expect(piece).not.toContain('\uFFFD')
      }),
    )
  })

  test('ends before a stop string, and never shows the beginning of one', () => {
    const { pieces, stopped } = streamed(bytes('one two three'), [' three', 'two!'])
    expect(pieces.join('')).toBe('one two')
    expect(stopped).toBe(true)
    const { pieces: held } = streamed(bytes('a tw'), ['two'])
    expect(held.slice(0, -1).join('')).toBe('a ')
    expect(held.join('')).toBe('a tw')
  })

  test('takes the first of two stop strings that come up with one token', () => {
    const stream = new TextStream((ids) => ids.map((id) => ['ab', 'xyz and b'][id]).join(''), ['b', 'y'])
    expect(stream.push(1)).toBe('x')
    expect(stream.stopped).toBe(true)
    expect(stream.push(0)).toBe('')
    expect(stream.end()).toBe('')
  })

  test('reads the same as decoding at once, by a real tokenizer', async () => {
    const tokenizer = await loadTokenizer(join(import.meta.dirname, '../../golden/tiny-gpt2'))
    const text = 'the cat sat — on a mat, naïvely 😀 again'
    const ids = [...tokenizer.encode(text, 1000).ids]
    const stream = new TextStream((some) => tokenizer.decode(some), [])
    expect([...ids.map((id) => stream.push(id)), stream.end()].join('')).toBe(tokenizer.decode(ids))
  })
})
