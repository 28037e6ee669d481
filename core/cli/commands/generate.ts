import { AttuneError } from '../../contract/errors.ts'
import { type Generation, type GenerationOptions, generationOptionsSchema } from '../../contract/generation.ts'
import { outputTasks } from '../../contract/settings.ts'
import { findRun, type Ground } from '../ground.ts'
import { readTexts } from '../input-texts.ts'
import type { Answer } from '../io.ts'

export interface GenerateOptions {
  readonly prompt?: readonly string[]
  readonly input?: string
  readonly column?: string
  readonly checkpoint: 'best' | 'last' | number
  readonly maxNewTokens?: number
  readonly numBeams?: number
  readonly sample?: boolean
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
  readonly repetitionPenalty?: number
  readonly seed?: number
  readonly stop?: readonly string[]
}

/** The contract takes so many prompts in one call. */
const promptsPerCall = 64

/** Texts continued by a run's weights; a single one is shown on stderr while it is written. */
export async function generate(ground: Ground, wanted: string, options: GenerateOptions): Promise<Answer> {
  const { input, prompt = [], column, checkpoint } = options
  if (input === undefined && prompt.length === 0) {
    throw new AttuneError('bad_request', 'There is nothing to go on from: give --prompt "…" or --input FILE.')
  }
  const run = await findRun(ground, wanted)
  const prompts = [...prompt, ...(input === undefined ? [] : await readTexts(input, column, ground.io))]
  const given = optionsOf(options)
  const texts: Generation['texts'] = []
  for (let from = 0; from < prompts.length; from += promptsPerCall) {
    if (prompts.length > promptsPerCall) ground.output.progress(`Writing ${from} of ${prompts.length} …`)
    const some = prompts.slice(from, from + promptsPerCall)
    const { generation } = await ground.call('generations.start', {
      run: run.id,
      checkpoint,
      prompts: some,
      options: given,
    })
    texts.push(...(await followed(ground, generation.id)).texts)
  }
  ground.output.settle()
  // Out of a text another is made; else it is gone on with.
  const apart = outputTasks.includes(run.config.task)
  const shown = texts.map(({ prompt: begun, text }) => (apart ? text : `${begun}${text}`)).join(apart ? '\n' : '\n\n')
  return { value: { run: run.id, texts }, text: shown }
}

/** Waits for the end; SIGINT ends the writing and keeps what is there. */
async function followed({ call, subscribe, io, output }: Ground, id: string): Promise<Generation> {
  const { promise, resolve, reject } = Promise.withResolvers<Generation>()
  const look = async () => {
    const { generation } = await call('generations.get', { id })
    const [only] = generation.texts
    if (generation.texts.length === 1 && only && !output.json) output.progress(lastLine(only.prompt + only.text))
    if (generation.error)
      reject(new AttuneError(generation.error.code, generation.error.message, generation.error.details))
    else if (generation.ended) resolve(generation)
  }
  const unsubscribe = subscribe((event) => {
    if (event.type === 'generation' && event.id === id) look().catch(reject)
  })
  const unlisten = io.onSignal(() => void call('generations.cancel', { id }))
  try {
    await look()
    return await promise
  } finally {
    unsubscribe()
    unlisten()
  }
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1).slice(-70)
}

function optionsOf(options: GenerateOptions): GenerationOptions {
  const given = {
    max_new_tokens: options.maxNewTokens,
    num_beams: options.numBeams,
    do_sample: options.sample,
    temperature: options.temperature,
    top_k: options.topK,
    top_p: options.topP,
    repetition_penalty: options.repetitionPenalty,
    seed: options.seed,
    stop_strings: options.stop === undefined ? undefined : [...options.stop],
  }
  const parsed = generationOptionsSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new AttuneError('bad_request', `${issue?.path.join('.')}: ${issue?.message}.`)
}
