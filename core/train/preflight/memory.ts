import type { MemoryForecast } from '../../contract/preflight.ts'
import { type Footprint, footprintOf } from '../../engine/footprint/footprint.ts'
import { largestGroupBytes } from '../../engine/variables.ts'
import { accumulateProgram, evaluateProgram, sessionSpec, trainProgram } from '../programs.ts'
import { countParameters } from '../trainable.ts'
import type { DataSample } from './sample.ts'
import type { Setup } from './setup.ts'

/**
 * What a process needs beside its tensors, measured on Linux x64 with Node 24 and TensorFlow 2.15 in runs of BERT and
 * GPT-2 from 4 to 124 million parameters. What depends on the run is counted; these are what is left.
 */
const megabyte = 2 ** 20
/** A run's thread: TensorFlow's library and its threads, a second heap, tfjs, a tokenizer. */
const threadBytes = 300 * megabyte
/** A node of a session's graph: as it was emitted, in TensorFlow's copies of the graph, and in its executors. */
const nodeBytes = 20_000
/** A row's object, its array and its place in lists, beside four bytes a token. */
const rowBytes = 250
/** Copies of weights on their way to and from files, of which the collector is behind by about one. */
const copiesOnTheWay = 2
const savingBytes = 30 * megabyte

/** A run's memory as far as its settings decide it. */
export interface MemoryNeed {
  readonly parts: MemoryForecast['parts']
  /** Of the run, beyond a process at rest. */
  readonly bytes: number
  readonly footprint: Footprint
  /** Whether it is what is expected, and not only a bound. */
  readonly certain: boolean
}

/** The memory that a run takes: its largest programs gone through, and what lies beside them. */
export async function memoryNeed(setup: Setup): Promise<MemoryNeed> {
  const { model, trainable, sample, lengths } = setup
  const { config, threads } = setup.spec
  const { kind, precision, pace } = setup.engine
  const longest = { train: lengths.train.slice(-1), evaluate: lengths.evaluate.slice(-1) }
  const session = sessionSpec(model, trainable, config, longest, precision)
  const step = longest.train.flatMap((length) =>
    config.gradient_accumulation_steps > 1 ? [accumulateProgram(length), trainProgram(length)] : [trainProgram(length)],
  )
  const programs = [...step, ...step, ...longest.evaluate.map(evaluateProgram), ...step]
  const footprint = await footprintOf({ spec: session, programs, threads, pace, kind })

  // Every length has programs of its own, as large as those of the longest.
  const copies = (lengths.train.length * step.length + lengths.evaluate.length) / (step.length + 1)
  const graphBytes = kind === 'graph' ? nodeBytes * (footprint.nodes * copies + footprint.variableNodes) : 0
  const parameters = countParameters({ ...model.parameters, ...trainable.adapters })
  const weightBytes = Math.min(4 * parameters, footprint.variableBytes)
  const optimizerBytes = footprint.variableBytes - weightBytes
  const onTheWay = copiesOnTheWay * largestGroupBytes(model.parameters) + savingBytes
  const parts: MemoryForecast['parts'] = [
    { name: 'program', bytes: threadBytes + graphBytes },
    { name: 'weights', bytes: weightBytes },
    { name: 'optimizer', bytes: optimizerBytes },
    { name: 'activations', bytes: Math.max(0, footprint.tensorBytes - footprint.variableBytes) },
    { name: 'rows', bytes: rowsBytes(sample) },
    { name: 'saving', bytes: onTheWay },
  ]
  return { parts, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), footprint, certain: kind === 'graph' }
}

function rowsBytes({ data, scale }: DataSample): number {
  const side = (name: 'train' | 'validation') =>
    scale[name] * data[name].ids.reduce((sum, { length }) => sum + rowBytes + 4 * length, 0)
  return side('train') + side('validation')
}
