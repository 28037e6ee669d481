import { AttuneError } from '../contract/errors.ts'
import type { Architecture } from './architecture.ts'
import { bert } from './bert.ts'
import { decisionTransformer } from './decision_transformer.ts'
import { distilbert } from './distilbert.ts'
import { gpt2 } from './gpt2.ts'
import { llama, mistral, qwen2, qwen3 } from './llama.ts'
import { marian } from './marian.ts'
import { palmE } from './palm_e.ts'
import { gru, lstm } from './recurrent.ts'

import { roberta } from './roberta.ts'
import { t5 } from './t5.ts'
import { vit } from './vit.ts'
import { whisper } from './whisper.ts'

/** Every architecture, under the model_type of its checkpoints. */
const architectures = [
  ...[bert, roberta, distilbert, gpt2, llama, mistral, qwen2, qwen3, lstm, gru],
  ...[marian, t5],
  ...[decisionTransformer, palmE],
  ...[vit, whisper],
] as unknown as readonly Architecture<never>[]

/** Throws AttuneError `unsupported` with the known types. */
export function architectureOf(modelType: string): Architecture<unknown> {
  const found = architectures.find((architecture) => architecture.modelType === modelType)
  if (!found) {
    const known = architectures.map((architecture) => architecture.modelType).join(', ')
    throw new AttuneError(
      'unsupported',
      `config.json: model_type "${modelType}" is not known to this version; known are ${known}.`,
    )
  }
  return found as unknown as Architecture<unknown>
}
