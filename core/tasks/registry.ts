import { askingOf } from '../contract/prompts.ts'
import type { RunConfig } from '../contract/settings.ts'
import { audioClassification, audioClassificationOnFeatures } from './audio-classification.ts'
import { automaticSpeechRecognition } from './automatic-speech-recognition.ts'
import { chat } from './chat.ts'
import { classificationOnFeatures } from './classification-on-features.ts'
import { decisionMaking } from './decision-making.ts'
import { fillMask } from './fill-mask.ts'
import { imageClassification, imageClassificationOnFeatures } from './image-classification.ts'
import { imageTextToText } from './image-text-to-text.ts'
import { preference } from './preference.ts'
import { promptedClassification } from './prompted-classification.ts'
import { questionAnswering } from './question-answering.ts'
import type { FeatureTask, Task } from './task.ts'
import { pooledOf, textClassification } from './text-classification.ts'
import { textGeneration } from './text-generation.ts'
import { textRegression } from './text-regression.ts'
import { text2textGeneration } from './text2text-generation.ts'
import { tokenClassification } from './token-classification.ts'

/** Every task, by its name in the settings. */
const tasks: Readonly<Record<RunConfig['task'], Task>> = {
  'text-classification': textClassification,
  'text-generation': textGeneration,
  'fill-mask': fillMask,
  'text-regression': textRegression,
  'token-classification': tokenClassification,
  'question-answering': questionAnswering,
  'image-classification': imageClassification,
  'audio-classification': audioClassification,
  'automatic-speech-recognition': automaticSpeechRecognition,
  chat,
  preference,
  'decision-making': decisionMaking,
  'image-text-to-text': imageTextToText,
  'text2text-generation': text2textGeneration,
}

const featureTasks: Readonly<Partial<Record<RunConfig['task'], FeatureTask>>> = {
  'text-classification': classificationOnFeatures(textClassification, (model, params, feeds) =>
    pooledOf(model, params, feeds, null),
  ),
  'image-classification': imageClassificationOnFeatures,
  'audio-classification': audioClassificationOnFeatures,
}

/** By its name; a language model that nothing is trained of classifies by prompts. */
export function taskNamed(name: RunConfig['task'], asked: Asked | undefined, modelType: string): Task {
  const asking = asked ? askingOf({ ...asked, task: name }, modelType) : null
  return asking === null ? tasks[name] : promptedClassification(asking)
}

/** What of a run's settings decides how its task is done. */
export type Asked = Pick<RunConfig, 'method' | 'prompt_template'>

/** How a task trains its head on features; null where it has no head of its own. */
export function featureTaskNamed(name: RunConfig['task']): FeatureTask | null {
  return featureTasks[name] ?? null
}
