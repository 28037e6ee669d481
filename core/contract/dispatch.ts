import type { z } from 'zod'
import { nearest } from '../util/nearest.ts'
import { AttuneError, type ErrorPayload, toErrorPayload } from './errors.ts'
import { type Handlers, type MethodName, methods } from './methods.ts'
import { settingNames } from './settings.ts'

export type Reply = { ok: true; value: unknown } | { ok: false; error: ErrorPayload }

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name)
}

/**
 * Known name → parse → handler → reply. Every wire ends here; it never throws.
 * Issues of the input are named by path: `config.learning_rate: …`.
 */
export async function dispatch(handlers: Handlers, name: string, input: unknown): Promise<Reply> {
  try {
    if (!isMethodName(name)) throw new AttuneError('unknown_method', `There is no method "${name}".`)
    const parsed = methods[name].input.safeParse(input)
    if (!parsed.success) throw refusal(name, parsed.error.issues)
    const handler = handlers[name] as (input: unknown) => unknown
    return { ok: true, value: await handler(parsed.data) }
  } catch (thrown) {
    return { ok: false, error: toErrorPayload(thrown) }
  }
}

type Issue = z.core.$ZodIssue

/**
 * Why an input was refused, first issue in the sentence, all in the details. What a person set for a run is a
 * `bad_config`, with the known name that they probably meant; all else is a defect of the caller.
 */
function refusal(method: string, issues: readonly Issue[]): AttuneError {
  const listed = issues.map((issue) => ({ path: issue.path.join('.'), message: sentenceOf(issue) }))
  const first = listed[0] ?? { path: '', message: 'bad input' }
  const isConfig = issues[0]?.path[0] === 'config'
  const path = isConfig ? first.path.replace(/^config\.?/, '') : first.path
  const message = path === '' ? first.message : `${path}: ${first.message}`
  if (isConfig) return new AttuneError('bad_config', message, { issues: listed })
  return new AttuneError('bad_request', `${method}: ${message}`, { issues: listed })
}

function sentenceOf(issue: Issue): string {
  if (issue.code !== 'unrecognized_keys' || issue.path[0] !== 'config') return issue.message
  const sentences = issue.keys.map((key) => {
    const near = nearest(key, settingNames)
    return `There is no setting "${key}"${near === null ? '' : `; did you mean "${near}"?`}`
  })
  return sentences.join(' ')
}
