import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { greyPng } from '../../../scripts/setup/samples/clothes.mjs'
import { definitions, meanings, preferences } from '../../../scripts/setup/samples/definitions.mjs'
import { pronunciations } from '../../../scripts/setup/samples/pronunciations.mjs'

test('pronunciations: plain words, the first way to say each, in a mixed order that is always the same', () => {
  const text = ['A  AH0', "A'S  EY1 Z", 'CAT  K AE1 T', 'CAT(1)  K AH1 T', 'DOG  D AO1 G ', 'X-RAY  EH1 K S', ''].join(
    '\n',
  )
  const rows = pronunciations(text) as { input: string; output: string }[]
  expect(rows).toEqual(pronunciations(text.split('\n').reverse().join('\n')))
  expect(rows.toSorted((a, b) => (a.input < b.input ? -1 : 1))).toEqual([
    { input: 'cat', output: 'K AE1 T' },
    { input: 'dog', output: 'D AO1 G' },
  ])
})

const nouns = [
  '  1 This software is copyrighted',
  '00001740 03 n 02 lamp 0 light_bulb 0 003 ~ 00001930 n 0000 | a source of light of any kind; "he lit the lamp"  ',
  '00001930 03 n 01 lamp 0 003 | a second meaning of the same word  ',
  '00002137 03 n 01 Berlin 0 003 | the capital of a country in Europe  ',
  '00002452 03 n 01 dry_season 0 003 | one of the two seasons of the tropics  ',
  '00002453 03 n 01 ox 0 003 | a large animal that draws a plough  ',
].join('\n')

test('definitions: the first meaning of a word, without its examples and without names', () => {
  const found = meanings(nouns) as { word: string; meaning: string }[]
  expect(found.toSorted((a, b) => (a.word < b.word ? -1 : 1))).toEqual([
    { word: 'dry season', meaning: 'one of the two seasons of the tropics' },
    { word: 'lamp', meaning: 'a source of light of any kind' },
  ])
  expect(definitions.task).toBe('chat')
  expect(preferences.description).toContain('constructed')
})

test('clothes: a picture becomes a PNG of the same pixels', () => {
  const pixels = [0, 50, 100, 150, 200, 255]
  const png = greyPng(pixels, 3) as Buffer
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([3, 2, 8, 0])
  const at = png.indexOf('IDAT')
  const data = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))
  expect([...data]).toEqual([0, 0, 50, 100, 0, 150, 200, 255])
})
