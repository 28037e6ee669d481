import { AttuneError } from '../contract/errors.ts'
import { type RunConfigInput, runConfigInputSchema, settingNames } from '../contract/settings.ts'
import { nearest } from '../util/nearest.ts'
import { jsonErrorOffset, lineAndColumn } from './json-position.ts'

/** Names that other tools use for ours. */
const synonyms: Readonly<Record<string, string>> = {
  batch_size: 'per_device_train_batch_size',
  base_model: 'model',
  data: 'dataset',
  epochs: 'num_train_epochs',
  lr: 'learning_rate',
  max_seq_length: 'max_length',
  rank: 'lora_r',
  scheduler: 'lr_scheduler_type',
}

/**
 * The settings of a run out of CONFIG.json's text and `--set key=value` pairs, which win. `source` is what errors call
 * the text. Throws bad_config: where the JSON breaks, every unknown name with the nearest known one, every impossible
 * value with the reason.
 */
export function readRunSettings(text: string, source: string, sets: readonly string[] = []): RunConfigInput {
  const written = parseJson(text, source)
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    throw new AttuneError('bad_config', `${source} must hold one JSON object with the settings of a run.`)
  }
  const settings: Record<string, unknown> = { ...written }
  for (const pair of sets) {
    const [name, value] = setPair(pair)
    settings[name] = value
  }
  refuseUnknown(settings, source)
  const parsed = runConfigInputSchema.safeParse(settings)
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({ setting: issue.path.join('.'), message: issue.message }))
    const sentences = parsed.error.issues.map((issue) => {
      const value = settings[String(issue.path[0])]
      if (value === undefined) return `the setting "${issue.path.join('.')}" is missing`
      return `"${issue.path.join('.')}" is ${JSON.stringify(value)}: ${issue.message}`
    })
    throw new AttuneError('bad_config', `${source}: ${sentences.join('; ')}.`, { issues })
  }
  return settings as RunConfigInput
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const { line, column } = lineAndColumn(text, jsonErrorOffset(text) ?? text.length)
    const reason = (cause instanceof Error ? cause.message : String(cause))
      .replace(/ in JSON at position.*$/s, '')
      .replace(/, .* is not valid JSON$/s, '')
    throw new AttuneError(
      'bad_config',
      `${source} is not JSON: ${reason} (line ${line}, column ${column}).`,
      { line, column },
      { cause },
    )
  }
}

function refuseUnknown(settings: Readonly<Record<string, unknown>>, source: string): void {
  const unknown = Object.keys(settings).filter((name) => !(settingNames as readonly string[]).includes(name))
  if (unknown.length === 0) return
  const suggestions = unknown.map((name) => ({ name, nearest: synonyms[name] ?? nearest(name, settingNames) }))
  const named = suggestions.map(({ name, nearest }) => `"${name}"${nearest ? ` (did you mean "${nearest}"?)` : ''}`)
  const subject = named.length === 1 ? `Unknown setting ${named[0]}` : `Unknown settings ${named.join(', ')}`
  throw new AttuneError('bad_config', `${source}: ${subject}. Known ones are ${settingNames.join(', ')}.`, {
    unknown: suggestions,
  })
}

/**
 * `key=value` as a setting: JSON when it reads as what the setting wants (`0.001`, `["query"]`), else text, else a list
 * of texts at commas. What fits in no way is kept as it came, for the check to name.
 */
function setPair(pair: string): [name: string, value: unknown] {
  const at = pair.indexOf('=')
  if (at < 1) throw new AttuneError('bad_config', `--set ${pair}: write it as key=value, as in --set seed=7.`)
  const name = pair.slice(0, at)
  const text = pair.slice(at + 1)
  const field = Object.hasOwn(runConfigInputSchema.shape, name)
    ? runConfigInputSchema.shape[name as keyof typeof runConfigInputSchema.shape]
    : undefined
  const readings: unknown[] = [jsonOr(text), text, text.split(',').map((part) => part.trim())]
  const fitting = readings.find((value) => field?.safeParse(value).success)
  return [name, fitting ?? readings[0]]
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
