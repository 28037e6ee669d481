import type { MemoryForecast } from '../../contract/preflight.ts'
import type { Examples } from '../../data/batches.ts'
import { type Footprint, footprintOf } from '../../engine/footprint/footprint.ts'
import { largestGroupBytes } from '../../engine/variables.ts'
import { beforehandProgram } from '../beforehand.ts'
import { accumulateProgram, evaluateProgram, type ProgramLengths, trainProgram } from '../programs.ts'
import { countParameters } from '../trainable.ts'
import { type Setup, sequencesOf, sessionOf } from './setup.ts'

/**
 * What a process needs beside its tensors, measured on Linux x64 with Node 24 and TensorFlow 2.15 in runs of BERT and
 * GPT-2 from 4 to 124 million parameters. What depends on the run is counted; these are what is left.
 */
const megabyte = 2 ** 20
/** A run's thread: TensorFlow's library and its threads, a second heap, tfjs, a tokenizer. */
const threadBytes = 400 * megabyte
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
  const { model, trainable, lengths, spec } = setup
  const { kind, pace } = setup.engine
  const longest = { train: lengths.train.slice(-1), evaluate: lengths.evaluate.slice(-1) }
  const session = sessionOf(setup, longest)
  const programs = callsOf(setup, longest)
  const footprint = await footprintOf({ spec: session, programs, threads: spec.threads, pace, kind })

  // Every length has programs of its own, as large as those of the longest.
  const all = callsOf(setup, lengths)
  const copies = new Set(all).size / new Set(programs).size
  const graphBytes = kind === 'graph' ? nodeBytes * (footprint.nodes * copies + footprint.variableNodes) : 0
  const parameters = countParameters({ ...model.parameters, ...trainable.adapters })
  const weightBytes = Math.min(4 * parameters, footprint.variableBytes)
  const parts: MemoryForecast['parts'] = [
    { name: 'program', bytes: threadBytes + graphBytes },
    { name: 'weights', bytes: weightBytes },
    { name: 'optimizer', bytes: footprint.variableBytes - weightBytes },
    { name: 'activations', bytes: Math.max(0, footprint.tensorBytes - footprint.variableBytes) },
    { name: 'rows', bytes: rowsBytes(setup) },
    { name: 'saving', bytes: copiesOnTheWay * largestGroupBytes(model.parameters) + savingBytes },
  ]
  return { parts, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), footprint, certain: kind === 'graph' }
}

/** The programs of a run in an order in which they are called: some steps, an evaluation, a step. */
function callsOf({ spec: { config }, beforehand }: Setup, lengths: ProgramLengths): string[] {
  const stepsOf = (lengths: readonly number[]) =>
    lengths.flatMap((length) =>
      config.gradient_accumulation_steps > 1
        ? [accumulateProgram(length), trainProgram(length)]
        : [trainProgram(length)],
    )
  const before =
    beforehand === null
      ? []
      : [
          ...lengths.train.map((length) => beforehandProgram('train', length)),
          ...lengths.evaluate.map((length) => beforehandProgram('evaluate', length)),
        ]
  if (beforehand?.replacesTokens) return [...before, ...stepsOf([0]), evaluateProgram(0)]
  const steps = stepsOf(lengths.train)
  return [...before, ...steps, ...steps, ...lengths.evaluate.map(evaluateProgram), ...steps]
}

function heldBytes({ lengths, bytes }: Examples): number {
  return bytes ?? lengths.reduce((sum, length) => sum + rowBytes + 4 * length, 0)
}

function rowsBytes({ sample, beforehand }: Setup): number {
  const known = Object.values(beforehand?.widths ?? {}).reduce((sum, width) => sum + 4 * width, 0)
  const side = (name: 'train' | 'validation') =>
    sample.scale[name] * heldBytes(sample.data[name]) + sequencesOf(sample, name) * known
  return side('train') + side('validation')
}
