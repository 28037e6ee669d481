import { AttuneError } from '../contract/errors.ts'
import { answeringTasks } from '../contract/settings.ts'
import { turnsOf } from '../contract/turns.ts'
import { answerEndId, type ChatReading } from '../data/chat/conversation.ts'
import { readChatTemplate } from '../data/chat/template.ts'
import { loadTokenizer } from '../data/tokenizers/tokenizer.ts'
import { openEngine } from '../engine/open.ts'
import type { FromWorker, GenerateSpec } from '../worker/protocol.ts'
import { openGenerator } from './open.ts'
import { TextStream } from './text-stream.ts'

type Told = Extract<FromWorker, { type: 'text' | 'text-end' }>

/**
 * Continues texts with a checkpoint of a run, or answers them where it was trained to; tells every piece of text as soon as it is certain, and the end of each.
 * `cancelled` is asked after every token. Rejects with AttuneError: bad_request (a prompt that cannot be continued),
 * bad_file, unsupported, no_engine.
 */
export async function generateTexts(
  { config, prompts, options, threads, ...spec }: GenerateSpec,
  tell: (told: Told) => void,
  cancelled: () => boolean,
): Promise<void> {
  // An adapter leans on its base model; any other checkpoint is a whole model folder.
  const adapted = config.method === 'lora'
  const modelDir = adapted ? spec.modelDir : spec.checkpointDir
  const tokenizer = await loadTokenizer(modelDir)
  const chat = answeringTasks.includes(config.task) ? { template: readChatTemplate(modelDir), tokenizer } : null
  const ids = prompts.map((prompt) =>
    chat === null
      ? beginning(tokenizer.encode(prompt, Number.MAX_SAFE_INTEGER).ids, tokenizer.eosId)
      : asked(prompt, chat),
  )
  const end = chat === null ? null : answerEndId(chat)
  const longest = ids.reduce((most, { length }) => Math.max(most, length), 0)
  const engine = await openEngine(config.engine, threads)
  const generator = await openGenerator(engine, {
    modelDir,
    adapterDir: adapted ? spec.checkpointDir : null,
    batch: prompts.length,
    precision: config.precision,
    maxPositions: longest + options.max_new_tokens,
    endIds: end === null ? [] : [end],
  })
  try {
    const streams = prompts.map(() => new TextStream((some) => tokenizer.decode(some), options.stop_strings))
    const counts = prompts.map(() => 0)
    const abort = new AbortController()
    const ended = (row: number) => streams[row]?.stopped ?? true
    for await (const token of generator.generate(ids, options, { signal: abort.signal, ended })) {
      const { row } = token
      const stream = streams[row] as TextStream
      if ('finish' in token) {
        const rest = stream.end()
        if (rest !== '') tell({ type: 'text', row, text: rest })
        tell({ type: 'text-end', row, reason: token.finish, tokens: counts[row] as number })
        continue
      }
      counts[row] = (counts[row] as number) + 1
      const text = stream.push(token.id)
      if (text !== '') tell({ type: 'text', row, text })
      if (cancelled()) abort.abort()
    }
  } finally {
    generator.close()
  }
}

/** What a person says, or a conversation so far as a JSON list of turns, with what stands in front of an answer. */
function asked(prompt: string, { template, tokenizer }: ChatReading): Int32Array {
  return tokenizer.encodePlain(template.render(turnsOf(prompt) ?? [{ role: 'user', content: prompt }], true))
}

/** A model writes from at least one token: an empty prompt begins where texts end. */
function beginning(ids: Int32Array, eosId: number | null): Int32Array {
  if (ids.length > 0) return ids
  if (eosId === null)
    throw new AttuneError('bad_request', 'The prompt is empty. Give the model a few words to go on from.')
  return Int32Array.of(eosId)
}
