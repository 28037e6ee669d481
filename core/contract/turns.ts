/**
 * What is said in turn: a conversation as chat templates take it. A dataset keeps the cells of its file; how they read as
 * turns is told here, for whoever shows or learns them.
 */
export interface Turn {
  /** "system", "user", "assistant"; others are for the template to know. */
  readonly role: string
  readonly content: string
}

/** The cells that a row of these tasks has, by role. */
interface Cells {
  readonly text: string
  readonly fields?: Readonly<Record<string, string>> | undefined
}

/** What a person prefers to what, after the same turns. */
export interface Preference {
  readonly prompt: readonly Turn[]
  readonly chosen: readonly Turn[]
  readonly rejected: readonly Turn[]
}

/** Names of roles elsewhere (ShareGPT's) and here. */
const roleNames: Readonly<Record<string, string>> = {
  human: 'user',
  gpt: 'assistant',
  bot: 'assistant',
  model: 'assistant',
}

/**
 * The turns of a JSON list [{"role", "content"}, …], or [{"from", "value"}, …]; a content may be a list of text parts.
 * Null for what is no such list.
 */
export function turnsOf(text: string): Turn[] | null {
  if (!text.trimStart().startsWith('[')) return null
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(list) || list.length === 0) return null
  const turns = list.map(turnOf)
  return turns.every((turn) => turn !== null) ? turns : null
}

/** A text, or turns as a person reads them on a line each. */
export function spoken(text: string): string {
  const turns = turnsOf(text)
  return turns === null ? text : turns.map(({ role, content }) => `${role}: ${content}`).join('\n')
}

function turnOf(item: unknown): Turn | null {
  if (typeof item !== 'object' || item === null) return null
  const { role, content, from, value } = item as Record<string, unknown>
  const name = role ?? from
  const said = textOf(content ?? value)
  return typeof name === 'string' && said !== null ? { role: roleNames[name] ?? name, content: said } : null
}

function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  const parts = content.map((part: unknown) => (part as { text?: unknown } | null)?.text)
  return parts.every((part) => typeof part === 'string') ? parts.join('') : null
}

/**
 * The turns of a row for `chat`: its messages, or an instruction [with an input] and the answer, which is a sentence's
 * worth of reason when they are none.
 */
export function conversationOf({ text, fields = {} }: Cells): Turn[] | string {
  const said = turnsOf(text)
  if (said !== null) {
    if (said.some(({ role, content }) => role === 'assistant' && content.trim() !== '')) return said
    return 'The messages have no answer of the assistant'
  }
  const answer = fields.output ?? ''
  if (answer.trim() === '') {
    return text.trimStart().startsWith('[')
      ? 'The messages are no JSON list of {"role", "content"}'
      : 'There is an instruction without an output'
  }
  const input = fields.input ?? ''
  const asked = input.trim() === '' ? text : `${text}\n\n${input}`
  return [
    { role: 'user', content: asked },
    { role: 'assistant', content: answer },
  ]
}

/**
 * The two sides of a row for `preference`. The prompt is a text or messages; so are the answers, which may repeat the
 * prompt's messages. A string is the reason why they are no pair.
 */
export function preferenceOf({ text, fields = {} }: Cells): Preference | string {
  const chosen = turnsOf(fields.chosen ?? '') ?? answer(fields.chosen)
  const rejected = turnsOf(fields.rejected ?? '') ?? answer(fields.rejected)
  const prompt = turnsOf(text) ?? [{ role: 'user', content: text }]
  const pair = { prompt, chosen: withoutPrompt(chosen, prompt), rejected: withoutPrompt(rejected, prompt) }
  for (const side of ['chosen', 'rejected'] as const) {
    if (!pair[side].some(({ role, content }) => role === 'assistant' && content.trim() !== '')) {
      return `The ${side} side has no answer of the assistant`
    }
  }
  if (JSON.stringify(pair.chosen) === JSON.stringify(pair.rejected)) {
    return 'What is chosen and what is rejected are the same'
  }
  return pair
}

function answer(content = ''): Turn[] {
  return [{ role: 'assistant', content }]
}

/** A side that is a whole conversation begins with the prompt's turns; a system turn may stand in front in the prompt only. */
function withoutPrompt(turns: readonly Turn[], prompt: readonly Turn[]): readonly Turn[] {
  for (const start of [prompt, prompt.filter(({ role }) => role !== 'system')]) {
    const repeats = start.every((turn, i) => turns[i]?.role === turn.role && turns[i]?.content === turn.content)
    if (turns.length > start.length && repeats) return turns.slice(start.length)
  }
  return turns
}
