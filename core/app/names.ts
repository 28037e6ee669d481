import { createHash } from 'node:crypto'
import type { Method } from '../contract/settings.ts'

const adjectives = [
  ...['amber', 'ample', 'agile', 'bold', 'brave', 'bright', 'brisk', 'calm', 'candid', 'clear', 'clever', 'cosmic'],
  ...['crisp', 'daring', 'deft', 'eager', 'early', 'fair', 'fleet', 'fond', 'fresh', 'frosty', 'gentle', 'glad'],
  ...['golden', 'grand', 'happy', 'hardy', 'honest', 'humble', 'jolly', 'keen', 'kind', 'lively', 'lucid', 'lucky'],
  ...['mellow', 'merry', 'mild', 'neat', 'nimble', 'noble', 'patient', 'plucky', 'proud', 'quick', 'quiet', 'rapid'],
  ...['ready', 'rosy', 'sage', 'serene', 'sharp', 'silver', 'snug', 'steady', 'sturdy', 'sunny', 'swift', 'tidy'],
  ...['vivid', 'warm', 'wise', 'witty'],
] as const

const animals = [
  ...['auk', 'badger', 'bear', 'beaver', 'bison', 'camel', 'condor', 'crane', 'curlew', 'deer', 'dingo', 'dolphin'],
  ...['dove', 'eagle', 'egret', 'elk', 'ermine', 'falcon', 'ferret', 'finch', 'fox', 'gecko', 'gibbon', 'goose'],
  ...['hare', 'hawk', 'heron', 'ibex', 'ibis', 'jackal', 'jay', 'koala', 'lark', 'lemur', 'linnet', 'lynx'],
  ...['marmot', 'marten', 'mole', 'moose', 'newt', 'ocelot', 'orca', 'oriole', 'osprey', 'otter', 'owl', 'panda'],
  ...['pigeon', 'plover', 'puffin', 'quail', 'raven', 'robin', 'salmon', 'seal', 'shrew', 'stoat', 'stork', 'swan'],
  ...['tapir', 'tern', 'vole', 'wren'],
] as const

/** A name that is easy to say and to tell apart, "lora-minilm-brisk-heron": the same for the same id. */
export function friendlyRunName(id: string, method: Method, model: string): string {
  const digest = createHash('sha256').update(id).digest()
  const adjective = adjectives[digest.readUInt16LE(0) % adjectives.length]
  const animal = animals[digest.readUInt16LE(2) % animals.length]
  const short = /[a-z0-9]+/.exec(model.toLowerCase().replace(/^.*\//, ''))?.[0].slice(0, 16)
  return [method, short, adjective, animal].filter((part) => part !== undefined).join('-')
}

/** The name itself, or with a number behind it when it is taken. */
export function uniqueName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted
  for (let number = 2; ; number++) {
    const name = `${wanted} (${number})`
    if (!taken.has(name)) return name
  }
}

/** A part of a file's name that every file system takes. */
export function fileSlug(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
  return slug.slice(0, 80) || 'run'
}

/** Twelve hues in three line styles, as the charts draw them. */
const colours = 36

/** The colour that the fewest runs have, the earliest of these. */
export function nextColour(used: readonly number[]): number {
  const counts = new Array<number>(colours).fill(0)
  for (const colour of used) counts[colour % colours] = (counts[colour % colours] ?? 0) + 1
  return counts.indexOf(Math.min(...counts))
}
