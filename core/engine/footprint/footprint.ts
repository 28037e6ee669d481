// The gradients of tfjs's operations come with the whole package; in a run's thread, with tfjs-node.
import '@tensorflow/tfjs'
import { momentNames, type SessionSpec, type TensorSpec } from '../engine.ts'
import { traceSession } from '../graph/session-graph.ts'
import { groupsOf, numbersIn } from '../variables.ts'
import { Allocator } from './allocator.ts'
import { execute, SessionMemory } from './executor.ts'
import { type CompiledProgram, compileProgram, GraphFacts, type Pace } from './program.ts'

/** What a session takes, foreseen from its graph alone. */
export interface Footprint {
  /** Given to the process for tensors, at most: variables, activations, gradients, and the gaps between them. */
  readonly tensorBytes: number
  /** Of the variables alone, moments included. */
  readonly variableBytes: number
  /** Nodes of the programs that were run: what TensorFlow keeps beside the tensors grows with them. */
  readonly nodes: number
  /** Milliseconds that each of the programs takes when nothing else computes. */
  readonly programMs: Readonly<Record<string, number>>
}

/** The life of a session as far as memory depends on it. */
export interface SessionLife {
  readonly spec: SessionSpec
  /** Programs in the order in which they are run, those of the largest tensors. */
  readonly programs: readonly string[]
  readonly threads: number
  readonly pace: Pace
}

/**
 * The graph is traced as for a run, and then gone through as TensorFlow would: variables are set, programs run by its
 * executor's order and in its allocator. Nothing is computed and its library is not needed. Takes some tenths of a second
 * for a model of a hundred layers' operations.
 */
export async function footprintOf({ spec, programs, threads, pace }: SessionLife): Promise<Footprint> {
  const { builder, programs: traced } = await traceSession(spec)
  const facts = new GraphFacts(builder)
  const memory = new SessionMemory(new Allocator())
  setVariables(memory, spec)
  const variableBytes = memory.allocator.liveBytes
  const compiled = new Map<string, CompiledProgram>()
  for (const [turn, name] of programs.entries()) {
    const fetches = traced.get(name)?.fetches
    if (!fetches) throw new Error(`the session has no program "${name}"`)
    const program = compiled.get(name) ?? compileProgram(facts, [...fetches.values()], pace)
    compiled.set(name, program)
    execute(program, memory, threads, turn)
  }
  return {
    tensorBytes: memory.allocator.residentBytes,
    variableBytes,
    nodes: [...compiled.values()].reduce((sum, { work }) => sum + work.length, 0),
    programMs: Object.fromEntries([...compiled].map(([name, { work }]) => [name, costMs(work)])),
  }
}

function costMs(work: CompiledProgram['work']): number {
  return work.reduce((sum, { cost }) => sum + cost, 0) / 1000
}

/** As openGraphSession and writeVariables do it: moments one by one, then weights by groups, which are fed and copied. */
function setVariables(memory: SessionMemory, { variables, optimized, halved = [] }: SessionSpec): void {
  const short = new Set(halved)
  const bytes = (name: string, spec: TensorSpec) => numbersIn(spec) * (short.has(name) ? 2 : 4)
  for (const name of optimized) {
    const { m, v } = momentNames(name)
    for (const moment of [m, v]) memory.assign(handleOf(moment), undefined, bytes(name, variables[name] as TensorSpec))
  }
  for (const group of groupsOf(Object.entries(variables), ([, spec]) => numbersIn(spec))) {
    const fed = group.map(([, spec]) => memory.allocator.allocate(4 * numbersIn(spec)))
    for (const [name, spec] of group) memory.assign(handleOf(name), undefined, bytes(name, spec))
    for (const chunk of fed) memory.allocator.release(chunk)
  }
}

const handleOf = (name: string) => `variable/${name}`
