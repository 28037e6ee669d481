import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, Script } from 'node:vm'
import * as jinja from '@huggingface/jinja'
import { AttuneError } from '../../contract/errors.ts'
import type { Turn } from '../../contract/turns.ts'
import { codeOf } from '../../util/files.ts'

/**
 * How a model's conversations are written out as text: the Jinja template of its folder (chat_template.jinja, else
 * chat_template in tokenizer_config.json), as transformers' apply_chat_template renders it. A template is a program of
 * whoever made the folder: it sees nothing but the messages and the special tokens, and has only so much to work with.
 */
export interface ChatTemplate {
  /**
   * The text of turns; `opened` adds what stands in front of an answer to come. Throws AttuneError: bad_data (the template
   * refuses the turns), unsupported (a template that cannot be run, or takes too long).
   */
  render(turns: readonly Turn[], opened?: boolean): string
  /** Its source. */
  readonly source: string
  /** Whether it is the folder's own; else it is the default below. */
  readonly isOwn: boolean
}

/** What is used of the library, whose own declarations name each other in a way that Node's rules do not find. */
interface Library {
  readonly Environment: new () => Scope
  readonly Interpreter: new (
    scope: Scope,
  ) => { run(program: unknown): Value; evaluate(node: unknown, scope: Scope): Value }
  readonly tokenize: (source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }) => unknown
  readonly parse: (tokens: unknown) => unknown
}
interface Scope {
  set(name: string, value: unknown): unknown
}
interface Value {
  readonly value: unknown
}
const { Environment, Interpreter, parse, tokenize } = jinja as unknown as Library

const templateFile = 'chat_template.jinja'

/**
 * For models without a template: plain headings, so that no token has to be added. A run writes it beside its checkpoints
 * (chat_template.jinja), where transformers and others find it.
 */
export const defaultTemplate = [
  '{%- for message in messages -%}',
  "{%- if message['role'] == 'system' -%}{{ message['content'] + '\\n\\n' }}",
  "{%- elif message['role'] == 'user' -%}{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}",
  "{%- elif message['role'] == 'assistant' -%}",
  "{{ '### Response:\\n' + message['content'] + (eos_token or '') + '\\n\\n' }}",
  "{%- else -%}{{ raise_exception('Roles are system, user and assistant, not ' + message['role']) }}",
  '{%- endif -%}',
  '{%- endfor -%}',
  "{%- if add_generation_prompt -%}{{ '### Response:\\n' }}{%- endif -%}",
].join('')

/** What a model folder lacks for others to talk to the model as it was trained here: the default, as the file for it. */
export function templateFiles(modelDir: string): Record<string, string> {
  const { isOwn, source } = readChatTemplate(modelDir)
  return isOwn ? {} : { [templateFile]: source }
}

/** What a rendering may take: nodes evaluated, characters of any text or items of any list, and time as the last resort. */
const limits = { nodes: 30_000, size: 2_000_000, milliseconds: 2000 }
const mostSource = 200_000

/**
 * The template of a model folder. Throws AttuneError: bad_file (a file that cannot be read or is no JSON), unsupported (a
 * template that cannot be understood).
 */
export function readChatTemplate(modelDir: string): ChatTemplate {
  const settings = settingsOf(modelDir)
  const own = readText(modelDir, templateFile) ?? templateIn(settings.chat_template)
  return chatTemplate(own ?? defaultTemplate, specialTokens(settings), own !== null, modelDir)
}

/** `tokens` are the special tokens by their name in tokenizer_config.json ("eos_token"). */
export function chatTemplate(
  source: string,
  tokens: Readonly<Record<string, string>>,
  isOwn: boolean,
  where: string,
): ChatTemplate {
  const refuse = (why: string, cause?: unknown) =>
    new AttuneError('unsupported', `The chat template in ${where} cannot be used: ${why}.`, undefined, { cause })
  const bounded = <T>(work: () => T): T => {
    try {
      return withinTime(limits.milliseconds, work)
    } catch (thrown) {
      if (thrown instanceof AttuneError) throw thrown
      if (isTimeout(thrown)) throw refuse(`it takes longer than two seconds`, thrown)
      if (thrown instanceof TooMuch) throw refuse(thrown.message, thrown)
      // A stack that is used up, and whatever else the interpreter stumbles over.
      throw refuse(messageOf(thrown), thrown)
    }
  }
  if (source.length > mostSource) throw refuse(`it has ${source.length} characters, more than ${mostSource}`)
  const program = bounded(() => parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })))
  return {
    source,
    isOwn,
    render(turns, opened = false) {
      const variables = {
        ...tokens,
        messages: turns.map(({ role, content }) => ({ role, content })),
        add_generation_prompt: opened,
        tools: null,
        documents: null,
      }
      return bounded(() => String(new BoundedInterpreter(environmentOf(variables)).run(program).value))
    },
  }
}

/** The names that every template knows. The date is not among them: the same row is the same text on any day. */
function environmentOf(variables: Readonly<Record<string, unknown>>): Scope {
  const environment = new Environment()
  const known = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range: boundedRange,
    raise_exception(why: unknown) {
      const message = `The chat template refuses a conversation: ${String(why).slice(0, 300).replace(/\.$/, '')}.`
      throw new AttuneError('bad_data', message)
    },
    ...variables,
  }
  for (const [name, value] of Object.entries(known)) environment.set(name, value)
  return environment
}

/** Why a template was stopped. */
class TooMuch extends Error {}

/** Counts what it evaluates, and looks at how large it gets. */
class BoundedInterpreter extends Interpreter {
  private nodes = 0

  override evaluate(node: unknown, scope: Scope): Value {
    if (++this.nodes > limits.nodes) throw new TooMuch(`it takes more than ${limits.nodes} operations`)
    const result = super.evaluate(node, scope)
    const size = (result.value as { length?: unknown } | null | undefined)?.length
    if (typeof size === 'number' && size > limits.size)
      throw new TooMuch(`it makes more than ${limits.size} characters`)
    return result
  }
}

/** Python's range. */
function boundedRange(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second]
  const count = Math.max(0, Math.ceil((stop - start) / step))
  if (!(count <= limits.size)) throw new TooMuch(`it counts to ${count}`)
  return Array.from({ length: count }, (_, i) => start + i * step)
}

const place: { work: (() => unknown) | null } = { work: null }
const script = new Script('work()')
let context: ReturnType<typeof createContext> | null = null

/** Runs what does not wait; whatever it does, it is ended after so long. */
function withinTime<T>(milliseconds: number, work: () => T): T {
  context ??= createContext(place)
  place.work = work
  try {
    return script.runInContext(context, { timeout: milliseconds }) as T
  } finally {
    place.work = null
  }
}

function isTimeout(thrown: unknown): boolean {
  // Of another realm, and so no instance of this one's Error.
  return (thrown as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}

function messageOf(thrown: unknown): string {
  const message = (thrown as { message?: unknown } | null)?.message
  return typeof message === 'string' ? message.slice(0, 300).replace(/\.$/, '') : 'it cannot be run'
}

/** One template, or several by name, of which "default" is the one. */
function templateIn(given: unknown): string | null {
  if (typeof given === 'string') return given
  if (!Array.isArray(given)) return null
  const named = given.find((item: unknown) => (item as { name?: unknown } | null)?.name === 'default') as
    | { template?: unknown }
    | undefined
  return typeof named?.template === 'string' ? named.template : null
}

/** "bos_token", "eos_token" and the like: a token's text, or an object that has it. */
function specialTokens(settings: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, given]) => {
      const text = typeof given === 'object' && given !== null && 'content' in given ? given.content : given
      return /^[a-z]+_token$/.test(name) && typeof text === 'string' ? [[name, text]] : []
    }),
  )
}

function settingsOf(modelDir: string): Record<string, unknown> {
  const text = readText(modelDir, 'tokenizer_config.json')
  if (text === null) return {}
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  } catch {}
  throw new AttuneError('bad_file', `tokenizer_config.json in ${modelDir} is not a JSON object.`)
}

function readText(dir: string, name: string): string | null {
  try {
    return readFileSync(join(dir, name), 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null
    throw new AttuneError('bad_file', `${name} in ${dir} cannot be read.`, undefined, { cause })
  }
}
