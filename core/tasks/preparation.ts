import { askingOf } from '../contract/prompts.ts'
import type { RunConfig } from '../contract/settings.ts'
import { chatRows } from './chat-rows.ts'
import { imageRows } from './image-rows.ts'
import { labelledClips } from './labelled-clips.ts'
import { labelledRows } from './labelled-rows.ts'
import { maskedRows } from './masked-rows.ts'
import { packedRows } from './packed-rows.ts'
import { preferenceRows } from './preference-rows.ts'

import { promptedRows } from './prompted-rows.ts'
import { questionRows } from './question-rows.ts'
import { sceneRows } from './scene-rows.ts'
import { sourceTargetRows } from './source-target-rows.ts'
import { taggedRows } from './tagged-rows.ts'

import type { Preparation } from './task.ts'
import { trajectoryRows } from './trajectory-rows.ts'
import { transcribedClips } from './transcribed-clips.ts'
import { valuedRows } from './valued-rows.ts'

const preparations: Readonly<Record<RunConfig['task'], Preparation>> = {
  'text-classification': labelledRows,
  'text-generation': packedRows,
  'fill-mask': maskedRows,
  'text-regression': valuedRows,
  'token-classification': taggedRows,
  'question-answering': questionRows,
  'image-classification': imageRows,
  'audio-classification': labelledClips,
  'automatic-speech-recognition': transcribedClips,
  chat: chatRows,
  preference: preferenceRows,
  'decision-making': trajectoryRows,
  'image-text-to-text': sceneRows,
  'text2text-generation': sourceTargetRows,
}

/** How a run's data is made, without what computes with it: for a thread that only tokenises. */
export function preparationOf(
  config: Pick<RunConfig, 'task' | 'method' | 'prompt_template'>,
  modelType: string,
): Preparation {
  const asking = askingOf(config, modelType)
  return asking === null ? preparations[config.task] : promptedRows(asking)
}
