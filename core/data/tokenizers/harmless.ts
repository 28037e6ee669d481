import { AttuneError } from '../../contract/errors.ts'
import type { Step } from './tokenizer-json.ts'

/**
 * Steps of a tokenizer that could take for ever: regular expressions with catastrophic backtracking, and replacements
 * that make the text longer again and again. A file from anywhere may hold them, so only what is known is let through.
 */

/** Patterns of well-known tokenizers: GPT-2's, and those that collapse or find white space. */
const knownPatterns: ReadonlySet<string> = new Set([
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  '\\s+',
  ' {2,}',
  '\\s',
  '[0-9]',
  '\\d',
])
/** One character out of a list: nothing to go back to. */
const oneOfList = /^\[[^\\[\]]+\]$/u

const knownSteps: ReadonlySet<string> = new Set(
  [
    'BertNormalizer BertPreTokenizer BertProcessing BPEDecoder ByteFallback ByteLevel CTC Digits FixedLength Fuse',
    'Lowercase Metaspace NFC NFD NFKC NFKD Precompiled Prepend Punctuation Replace RobertaProcessing Sequence Split',
    'Strip StripAccents TemplateProcessing Whitespace WhitespaceSplit WordPiece',
  ].flatMap((line) => line.split(' ')),
)

const maxDepth = 10
/** A text may become this many times as long. */
const maxGrowth = 16

/** Throws AttuneError: unsupported (an unknown step or pattern), bad_file (growth or nesting beyond reason). */
export function checkHarmless(steps: readonly (Step | null)[], file: string): void {
  let growth = 1
  const visit = (step: unknown, depth: number): void => {
    if (typeof step !== 'object' || step === null) return
    if (depth > maxDepth) throw new AttuneError('bad_file', `${file}: its steps are nested more than ${maxDepth} deep.`)
    const { type, pattern, content, normalizers, pretokenizers, processors, decoders, prepend } = step as Step
    if (typeof type !== 'string' || !knownSteps.has(type)) {
      throw new AttuneError('unsupported', `${file}: the step "${String(type).slice(0, 50)}" is not known.`)
    }
    const replaced = patternLength(pattern, file)
    if (type === 'Replace' && typeof content === 'string') growth *= Math.max(1, content.length / replaced)
    if (type === 'Prepend' && String(prepend).length > 100) growth = Number.POSITIVE_INFINITY
    if (growth > maxGrowth) {
      throw new AttuneError('bad_file', `${file}: its replacements make a text more than ${maxGrowth} times as long.`)
    }
    for (const inner of [normalizers, pretokenizers, processors, decoders]) {
      if (Array.isArray(inner)) for (const one of inner) visit(one, depth + 1)
    }
  }
  for (const step of steps) visit(step, 0)
}

/** The least length of what a pattern finds. */
function patternLength(pattern: unknown, file: string): number {
  if (typeof pattern !== 'object' || pattern === null) return 1
  const { Regex: regex, String: text } = pattern as { Regex?: unknown; String?: unknown }
  if (typeof regex === 'string' && !knownPatterns.has(regex) && !oneOfList.test(regex)) {
    const message = `${file}: the pattern "${regex.slice(0, 80)}" is not among those known to end in time.`
    throw new AttuneError('unsupported', message)
  }
  if (text === '') throw new AttuneError('bad_file', `${file}: it replaces an empty text.`)
  return typeof text === 'string' ? text.length : 1
}
