import { AttuneError, type ErrorPayload, toErrorPayload } from './errors.ts'
import { type Handlers, type MethodName, methods } from './methods.ts'

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
    if (!parsed.success) {
      const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
      const first = issues[0]
      throw new AttuneError(
        'bad_request',
        `${name}: ${first?.path ? `${first.path}: ` : ''}${first?.message ?? 'bad input'}`,
        { issues },
      )
    }
    const handler = handlers[name] as (input: unknown) => unknown
    return { ok: true, value: await handler(parsed.data) }
  } catch (thrown) {
    return { ok: false, error: toErrorPayload(thrown) }
  }
}
