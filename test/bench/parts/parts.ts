import { join } from 'node:path'
import type { EngineInfo } from '../../../core/contract/domain.ts'
import type { RunConfig } from '../../../core/contract/settings.ts'
import type { Precision } from '../../../core/engine/engine.ts'
import { linesOf, outcome } from '../child.ts'
import type { RecurrentShape } from '../shapes.ts'
import type { Measure } from '../statistics.ts'
import type { ShapeSpec } from './open-shape.ts'

/**
 * Parts of our side that are processes of their own, since TensorFlow's threads are chosen once a process and memory is
 * a process's: `main.ts part <name> '<JSON>'` writes one line of JSON.
 */
export interface Parts {
  /** Operations a second of large matrix products through the graph engine. */
  ceiling: { spec: { precision: Precision; threads: number }; result: { engine: EngineInfo; flops: number } }
  /** Steps of a model of this shape with random weights, by nothing but the session. */
  shape: {
    spec: ShapeSpec & { steps: number; warmUp: number }
    result: Measure & { engine: EngineInfo }
  }
  /** Steps of a language model of LSTM layers with random weights, by nothing but the session. */
  lstm: {
    spec: { shape: RecurrentShape; threads: number; steps: number; warmUp: number }
    result: Measure
  }
  /** The steps that a run of the command took, on the same rows in the same order, by nothing but the session. */
  replay: {
    spec: {
      modelDir: string
      datasetDir: string
      labels: readonly string[]
      config: RunConfig
      precision: Precision
      threads: number
      steps: number
      warmUp: number
    }
    result: Measure
  }
  /** Steps a second of each of so many sessions at work in one process at the same time. */
  shared: {
    spec: ShapeSpec & { sessions: number; steps: number; warmUp: number }
    result: { stepsPerSecond: readonly number[] }
  }
  /** One text of so many tokens behind the prompt: a step is a token after the first. */
  generate: {
    spec: { modelDir: string; precision: Precision; threads: number; prompt: readonly number[]; tokens: number }
    result: Measure & { ids: readonly number[]; engine: EngineInfo }
  }
}

const main = join(import.meta.dirname, '..', 'main.ts')

export async function runPart<Name extends keyof Parts>(
  name: Name,
  spec: Parts[Name]['spec'],
): Promise<Parts[Name]['result']> {
  return outcome(await linesOf(process.execPath, [main, 'part', name, JSON.stringify(spec)])) as Parts[Name]['result']
}

/** What the process of a part does. */
export async function bePart(name: string, json: string): Promise<unknown> {
  const spec: unknown = JSON.parse(json)
  switch (name) {
    case 'ceiling':
      return (await import('./ceiling.ts')).measureCeiling(spec as Parts['ceiling']['spec'])
    case 'shape':
      return (await import('./shape.ts')).measureShape(spec as Parts['shape']['spec'])
    case 'lstm':
      return (await import('./lstm.ts')).measureLstm(spec as Parts['lstm']['spec'])
    case 'replay':
      return (await import('./replay.ts')).replayRun(spec as Parts['replay']['spec'])
    case 'shared':
      return (await import('./shared.ts')).measureShared(spec as Parts['shared']['spec'])
    case 'generate':
      return (await import('./generate.ts')).measureGeneration(spec as Parts['generate']['spec'])
    default:
      throw new Error(`there is no part "${name}"`)
  }
}
