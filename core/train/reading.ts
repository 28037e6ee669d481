import { readJson, readModelConfig } from '../checkpoint/config.ts'
import { AttuneError } from '../contract/errors.ts'
import type { RowStore } from '../data/row-store.ts'
import { RememberedTokens } from '../data/row-tokens.ts'
import { readTokenizerIfAny, type Tokenizer } from '../data/tokenizers/tokenizer.ts'
import type { Reading } from '../tasks/task.ts'

/** How a run reads its rows, and the tokens that it remembers. */
export interface OpenReading {
  readonly reading: Reading
  readonly tokens: RememberedTokens
}

/**
 * What a model folder says of how the rows of a dataset are read. With `remembers`, tokenised rows are kept beside the
 * dataset for later runs. Throws AttuneError: bad_file, not_found (no config.json), unsupported.
 */
export async function openReading(store: RowStore, modelDir: string, remembers: boolean): Promise<OpenReading> {
  const { json } = await readModelConfig(modelDir)
  const generationConfig = { ...json, ...(await readJson(modelDir, 'generation_config.json')) }
  const tokens = new RememberedTokens(store, await readTokenizerIfAny(modelDir), remembers)
  const reading: Reading = {
    tokens,
    get tokenizer() {
      return tokens.tokenizer
    },
    modelDir,
    modelConfig: json,
    generationConfig,
  }
  return { reading, tokens }
}

/** The tokenizer of a model folder, built when it is first asked for. Throws AttuneError not_found then where there is none. */
export async function tokenizerWhenAsked(modelDir: string): Promise<() => Tokenizer> {
  const files = await readTokenizerIfAny(modelDir)
  let built: Tokenizer | null = null
  return () => {
    if (files === null)
      throw new AttuneError('not_found', `The model in ${modelDir} has no tokenizer: it cannot read texts.`)
    built ??= files.build()
    return built
  }
}
