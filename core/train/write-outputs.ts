import { readJson } from '../checkpoint/config.ts'
import { AttuneError } from '../contract/errors.ts'
import type { GenerationOptions } from '../contract/generation.ts'
import type { RunConfig } from '../contract/settings.ts'
import { loadTokenizer } from '../data/tokenizers/tokenizer.ts'
import { openEngine } from '../engine/open.ts'
import type { DecoderHead } from '../models/architecture.ts'
import { sourceRows } from '../tasks/source-target-rows.ts'
import { writeRows } from '../tasks/text2text-generation.ts'
import type { FromWorker, GenerateSpec } from '../worker/protocol.ts'
import { loadModel } from './load-model.ts'
import { ownProgram, sessionSpec } from './programs.ts'
import { trainableOf } from './trainable.ts'
import { restoreVariables } from './weights.ts'

type Told = Extract<FromWorker, { type: 'text' | 'text-end' }>

/** Texts written at once; each of several beams counts as one. */
const mostRows = 16

/**
 * What a checkpoint of an encoder–decoder makes of each text, told as soon as it is written. `cancelled` is asked between
 * batches. Rejects with AttuneError: bad_request (asked to draw), bad_file, unsupported, no_engine.
 */
export async function writeOutputs(
  { config, prompts, options, threads, ...spec }: GenerateSpec,
  tell: (told: Told) => void,
  cancelled: () => boolean,
): Promise<void> {
  if (options.do_sample) {
    const message =
      'A model that makes one text out of another writes the likeliest: leave do_sample out, or use num_beams.'
    throw new AttuneError('bad_request', message)
  }
  // An adapter leans on its base model; any other checkpoint is a whole model folder.
  const folder = config.method === 'lora' ? spec.modelDir : spec.checkpointDir
  const model = await loadModel(folder, config.task, 0, { maxLength: config.max_length })
  const trainable = trainableOf(model, config)
  const tokenizer = await loadTokenizer(folder)
  const settings = writingSettings(config, options, prompts.length, model.head as DecoderHead<unknown>, model.config)
  const generationConfig = { ...model.json, ...(await readJson(folder, 'generation_config.json')) }
  const encoded = sourceRows(prompts, { tokenizer, generationConfig }, settings)
  const length = Math.max(...encoded.lengths)
  const engine = await openEngine(config.engine, threads)
  const precision = await engine.precision(config.precision)
  const session = await engine.open(
    sessionSpec(model, trainable, settings, { train: [], evaluate: [length] }, precision),
  )
  try {
    await restoreVariables(session, model, trainable, spec.checkpointDir)
    const tools = {
      model,
      own: (name: string, feeds: Parameters<typeof session.run>[1]) => session.run(ownProgram(name), feeds),
    }
    const layout = { buckets: [length], batchSize: settings.per_device_eval_batch_size, padId: tokenizer.padId }
    const atOnce = Math.max(1, Math.floor(mostRows / settings.generation_num_beams))
    for (let from = 0; from < prompts.length; from += atOnce) {
      const rows = encoded.rows.subarray(from, from + atOnce)
      if (cancelled()) {
        for (const row of rows) tell({ type: 'text-end', row, reason: 'cancelled', tokens: 0 })
        continue
      }
      const written = writeRows(encoded, rows, layout, settings, tools, () => {})
      for (const [i, ids] of written.entries()) {
        const { text, stopped } = untilStop(tokenizer.decode(ids).trim(), options.stop_strings)
        const full = ids.length === settings.max_target_length
        tell({ type: 'text', row: from + i, text })
        tell({
          type: 'text-end',
          row: from + i,
          reason: stopped ? 'stop' : full ? 'max_new_tokens' : 'end',
          tokens: ids.length,
        })
      }
    }
  } finally {
    session.close()
  }
}

/** A run's settings with room for what is asked for. */
function writingSettings(
  config: RunConfig,
  { max_new_tokens, num_beams }: GenerationOptions,
  count: number,
  head: DecoderHead<unknown>,
  modelConfig: unknown,
): RunConfig & { max_target_length: number } {
  const { maxPositions } = head.describeDecoder(modelConfig)
  const rows = Math.min(mostRows, count * num_beams)
  return {
    ...config,
    max_target_length: Math.min(max_new_tokens, maxPositions),
    generation_num_beams: num_beams,
    per_device_eval_batch_size: Math.max(rows, num_beams),
  }
}

function untilStop(text: string, stops: readonly string[]): { text: string; stopped: boolean } {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
  return found.length === 0 ? { text, stopped: false } : { text: text.slice(0, Math.min(...found)), stopped: true }
}
