import { AttuneError } from '../contract/errors.ts'
import type { RowStore } from '../data/row-store.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { encodeEach, encodeSides, unlabelledSides } from './row-sides.ts'
import type { TargetRows } from './target-learning.ts'
import type { WritingRules } from './target-writing.ts'
import type { Preparation, PrepareConfig, PreparedData, Reading } from './task.ts'

/** Texts and what is to be made of them, as tokens; references of the validation rows only. Programs are chosen by the longer of the two. */
export interface SourceTargetRows extends TargetRows {
  readonly sources: readonly Int32Array[]
}

export const sourceTargetRows: Preparation<SourceTargetRows> = {
  prepare: prepareSourceTarget,
  inputs: (rows, _labels, reading, config, onRow) =>
    sourceRows(
      rows.map(({ text }) => text),
      reading,
      config,
      onRow,
    ),
  // Outputs are not looked at for this: they are seldom longer than the longest input.
  longest: (row, { tokens }, { max_length }) => tokens.encode(row, max_length).ids.length,
}

/** Throws AttuneError bad_data: too few rows to hold one out; unsupported: a model that does not say how texts begin and end. */
function prepareSourceTarget(
  store: RowStore,
  _labels: readonly string[],
  reading: Reading,
  config: PrepareConfig,
  onRow: (done: number, total: number) => void,
): PreparedData<SourceTargetRows> {
  const sides = unlabelledSides(store, config)
  const rules = writingRules(reading)
  const { max_length, max_target_length = max_length, source_prefix: prefix } = config
  return encodeSides(store, sides, onRow, (rows, reader, held) => {
    let truncated = 0
    const sources: Int32Array[] = []
    const targets: Int32Array[] = []
    const references: string[] = []
    for (const { row, text, fields } of reader) {
      const target = fields?.target ?? ''
      const source =
        prefix === ''
          ? reading.tokens.encode(row, max_length)
          : reading.tokenizer.encode(`${prefix}${text}`, max_length)
      const ended = endedTokens(reading.tokenizer, target, max_target_length, rules)
      sources.push(source.ids)
      targets.push(ended.ids)
      if (held) references.push(target)
      if (source.length > source.ids.length || ended.cut) truncated++
    }
    const lengths = Int32Array.from(sources, (ids, i) => Math.max(ids.length, (targets[i] as Int32Array).length))
    return { examples: { rows, lengths, sources, targets, references, rules }, truncated }
  })
}

/**
 * Texts that nobody knows the outputs of; programs are chosen by the length that an output may have, too. `onRow` is
 * called after each and may throw to stop.
 */
export function sourceRows(
  texts: readonly string[],
  { tokenizer, generationConfig }: Pick<Reading, 'tokenizer' | 'generationConfig'>,
  config: Pick<PrepareConfig, 'max_length' | 'max_target_length' | 'source_prefix'>,
  onRow: () => void = () => {},
): SourceTargetRows {
  const { max_length, max_target_length = max_length, source_prefix: prefix } = config
  const rules = writingRules({ generationConfig })
  const sources = encodeEach(texts, (text) => tokenizer.encode(`${prefix}${text}`, max_length), onRow)
  const lengths = Int32Array.from(sources, (ids) => Math.max(ids.length, max_target_length))
  return { sources, ...unknownTargets(Int32Array.from(texts.keys()), rules, lengths) }
}

/** Rows of a prediction: each stands as if nothing were to be written. Programs are chosen by `lengths`. */
export function unknownTargets(rows: Int32Array, rules: WritingRules, lengths: Int32Array): TargetRows {
  const nothing = Int32Array.of(rules.endIds[0] as number)
  return {
    ...{ rows, lengths, rules },
    targets: Array.from(rows, () => nothing),
    references: Array.from(rows, () => ''),
  }
}

/** A target's tokens with their end, at most `most`. */
export function endedTokens(
  tokenizer: Tokenizer,
  text: string,
  most: number,
  { endIds }: WritingRules,
): { ids: Int32Array; cut: boolean } {
  const { ids, length } = tokenizer.encode(text, most)
  if (endIds.includes(ids.at(-1) as number)) return { ids, cut: length > ids.length }
  const kept = ids.subarray(0, most - 1)
  return { ids: Int32Array.of(...kept, endIds[0] as number), cut: length > kept.length }
}

/** How a model folder says that targets begin and end, as transformers' generation reads it. */
export function writingRules({ generationConfig: config }: Pick<Reading, 'generationConfig'>): WritingRules {
  const startId = config.decoder_start_token_id
  const endIds = [config.eos_token_id].flat().filter((id) => typeof id === 'number')
  if (typeof startId !== 'number' || endIds.length === 0) {
    const lacking = typeof startId === 'number' ? 'eos_token_id' : 'decoder_start_token_id'
    throw new AttuneError(
      'unsupported',
      `config.json has no ${lacking}: the model does not say how its texts begin and end.`,
    )
  }
  const [forced] = [config.forced_eos_token_id].flat()
  const banned = Array.isArray(config.bad_words_ids) ? config.bad_words_ids : []
  return {
    startId,
    endIds,
    forcedEndId: typeof forced === 'number' ? forced : null,
    bannedIds: banned.flatMap((words) => (Array.isArray(words) && words.length === 1 ? words : [])),
  }
}
