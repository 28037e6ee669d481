import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadTokenizer } from '../../core/data/tokenizers/tokenizer.ts'
import { temporaryFolder } from '../support/temporary.ts'

/** A Python that has transformers and sentencepiece. */
const python = process.env.ATTUNE_GOLDEN_PYTHON

/** The first are cut as MarianTokenizer cuts them; of the others, the other language's pieces take parts. */
const same = [
  'the cold river',
  'A storm  over the stone bridge!',
  ' water ',
  '',
  'cold\twater\nruns',
  'the\u200b river',
  'cold\u0007 water\r',
]
const texts = [...same, 'a cold field', 'der Fluss zog über das Feld', '>>deu<< cold water']

test.runIf(python)('the two tokenizers of OPUS-MT become one, which is the same here and in transformers', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'texts.json')
  await writeFile(file, JSON.stringify(texts))
  const run = (script: string, ...given: string[]) =>
    execFileSync(python as string, [script, folder, ...given], { encoding: 'utf8' })
  const maker = join(import.meta.dirname, 'make-opus-mt.py')
  const marian: number[][] = JSON.parse(run(maker, file))
  await expect(loadTokenizer(folder)).rejects.toThrow(/scripts\/opus-mt-tokenizer\.py/)

  run(join(import.meta.dirname, '..', '..', 'scripts', 'opus-mt-tokenizer.py'))
  const tokenizer = await loadTokenizer(folder)
  const ours = texts.map((text) => Array.from(tokenizer.encode(text, 100).ids))
  expect(ours).toEqual(JSON.parse(run(maker, file, 'again')))
  expect(ours.slice(0, same.length)).toEqual(marian.slice(0, same.length))
  expect(tokenizer.decode(ours[same.length] as number[])).toBe('a cold field')
  expect(tokenizer.tokens([tokenizer.eosId ?? -1, tokenizer.padId])).toEqual(['</s>', '<pad>'])
})
