import { runConfigSchema } from '../../core/contract/settings.ts'
import type { Session, Values } from '../../core/engine/engine.ts'
import { openEngine } from '../../core/engine/open.ts'
import { heard } from '../../core/tasks/automatic-speech-recognition.ts'
import {
  type WritingLayout,
  type WritingRules,
  type WritingState,
  writeTargets,
  writingCache,
} from '../../core/tasks/target-writing.ts'
import { loadModel } from '../../core/train/load-model.ts'
import { ownProgram, sessionSpec } from '../../core/train/programs.ts'
import { trainableOf } from '../../core/train/trainable.ts'
import { fillVariables } from '../../core/train/weights.ts'
import type { EngineKind } from './reference.ts'

export interface WriterOptions extends WritingLayout {
  readonly engine: EngineKind
  readonly task?: 'text2text-generation' | 'automatic-speech-recognition'
  /** Padded length of sources that are texts. */
  readonly length: number
  readonly rules: WritingRules
}

export interface Writer {
  readonly state: WritingState
  /** Sources as the feeds of a batch: the tokens of a text, or the numbers of a clip's picture. */
  feeds(sources: readonly (readonly number[])[]): Record<string, Values>
  write(sources: readonly (readonly number[])[]): number[][]
  close(): void
}

/** A session with an encoder–decoder out of a folder and nothing but what writes with it. */
export async function openWriter(modelDir: string, options: WriterOptions): Promise<Writer> {
  const { engine, task = 'text2text-generation', length, examples, beams, maxTokens, rules } = options
  const hears = task === 'automatic-speech-recognition'
  const config = runConfigSchema.parse({
    model: 'golden',
    dataset: 'golden',
    task,
    learning_rate: 1,
    max_length: hears ? maxTokens : Math.max(8, length),
    max_target_length: maxTokens,
    generation_num_beams: beams,
    per_device_eval_batch_size: examples * beams,
  })
  const padded = Math.max(config.max_length, maxTokens)
  const model = await loadModel(modelDir, config.task, 0, { maxLength: config.max_length })
  const trainable = trainableOf(model, config)
  const spec = sessionSpec(model, trainable, config, { train: [], evaluate: [padded] })
  const session: Session = await (await openEngine(engine, 2)).open(spec)
  await fillVariables(session, model, trainable, 0, { log: () => {} })
  const layout = { examples, beams, maxTokens }
  const state: WritingState = {
    ...layout,
    own: (program, feeds) => session.run(ownProgram(program), feeds),
    cache: writingCache(model, layout),
    length: hears ? heard : padded,
    rules,
  }
  const clipsFed = (sources: readonly (readonly number[])[]) => {
    const width = sources[0]?.length ?? 0
    const features = new Float32Array(examples * width)
    sources.forEach((clip, row) => {
      features.set(clip, row * width)
    })
    return { input_features: features }
  }
  const textsFed = (sources: readonly (readonly number[])[]) => {
    const columns = Math.min(padded, config.max_length)
    const inputIds = new Int32Array(examples * columns)
    const attentionMask = new Int32Array(examples * columns)
    sources.forEach((ids, row) => {
      inputIds.set(ids, row * columns)
      attentionMask.fill(1, row * columns, row * columns + ids.length)
    })
    return { input_ids: inputIds, attention_mask: attentionMask }
  }
  const feeds = hears ? clipsFed : textsFed
  return {
    state,
    feeds,
    write: (sources) => writeTargets(state, feeds(sources), sources.length),
    close: () => session.close(),
  }
}
