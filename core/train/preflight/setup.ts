import { readTokenizer } from '../../data/tokenizers/tokenizer.ts'
import type { Precision } from '../../engine/engine.ts'
import { type ExpectedEngine, expectedEngine } from '../../engine/expected.ts'
import type { PreflightSpec } from '../../worker/protocol.ts'
import { programLengths } from '../lengths.ts'
import { type LoadedModel, loadModel } from '../load-model.ts'
import type { ProgramLengths } from '../programs.ts'
import { type Trainable, trainableOf } from '../trainable.ts'
import { type DataSample, sampleData } from './sample.ts'

/** A run as far as it can be worked out without an engine. */
export interface Setup {
  readonly spec: PreflightSpec
  readonly engine: ExpectedEngine
  readonly model: LoadedModel
  readonly trainable: Trainable
  readonly padId: number
  readonly sample: DataSample
  readonly lengths: ProgramLengths
}

/** Reads config.json, the tokenizer and the rows. Throws what a run with these settings would. */
export async function setUp(
  spec: PreflightSpec,
  whole: boolean,
  onRow: (done: number, total: number) => void,
): Promise<Setup> {
  const { config, labels, modelDir, datasetDir, threads } = spec
  const model = await loadModel(modelDir, config.task, labels.length, {
    maxLength: config.max_length,
    dropout: config.dropout,
  })
  const trainable = trainableOf(model, config)
  const files = await readTokenizer(modelDir)
  const sample = sampleData(config.task, datasetDir, labels, files, config, whole, onRow)
  const engine = expectedEngine(config, threads)
  const lengths = programLengths(sample.data, config.max_length, sample.whole ? 0 : sample.longest)
  return { spec, engine, model, trainable, padId: files.build().padId, sample, lengths }
}

/** The same run in a precision that an engine has decided on. */
export function inPrecision(setup: Setup, precision: Precision): Setup {
  return { ...setup, engine: { ...setup.engine, precision } }
}
