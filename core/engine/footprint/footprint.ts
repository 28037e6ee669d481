// The gradients of tfjs's operations come with the whole package; in a run's thread, with tfjs-node.
import '@tensorflow/tfjs'
import type { EngineInfo } from '../../contract/domain.ts'
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
  /** Nodes that only set and read variables. */
  readonly variableNodes: number
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
  readonly kind: EngineInfo['kind']
}

/**
 * For the graph engine: the graph is traced as for a run, and then gone through as TensorFlow would: variables are set, programs run by its
 * executor's order and in its allocator. Nothing is computed and its library is not needed. The eager engine keeps what
 * a program computes until its end: for it, everything there is is added up. Takes some tenths of a second.
 */
export async function footprintOf({ spec, programs, threads, pace, kind }: SessionLife): Promise<Footprint> {
  const { builder, programs: traced } = await traceSession(spec)
  const facts = new GraphFacts(builder)
  const compiled = new Map<string, CompiledProgram>()
  for (const name of new Set(programs)) {
    const fetches = traced.get(name)?.fetches
    if (!fetches) throw new Error(`the session has no program "${name}"`)
    compiled.set(name, compileProgram(facts, [...fetches.values()], pace))
  }
  const called = programs.map((name) => compiled.get(name) as CompiledProgram)
  const variableBytes = [...variablesOf(spec).values()].reduce((sum, bytes) => sum + bytes, 0)
  const nodes = [...compiled.values()].reduce((sum, { work }) => sum + work.length, 0)
  return {
    tensorBytes: kind === 'graph' ? residentBytes(called, spec, threads) : variableBytes + mostMade(called),
    variableBytes,
    nodes,
    variableNodes: Math.max(0, builder.nodes.length - nodes),
    programMs: Object.fromEntries([...compiled].map(([name, { work }]) => [name, costMs(work)])),
  }
}

function residentBytes(programs: readonly CompiledProgram[], spec: SessionSpec, threads: number): number {
  const memory = new SessionMemory(new Allocator())
  setVariables(memory, spec)
  for (const [turn, program] of programs.entries()) execute(program, memory, threads, turn)
  return memory.allocator.residentBytes
}

/** Bytes of everything that the program which makes most makes. */
function mostMade(programs: readonly CompiledProgram[]): number {
  const made = ({ work, values }: CompiledProgram) =>
    work
      .filter(({ effect }) => effect.kind === 'make')
      .flatMap(({ outputs }) => outputs)
      .reduce((sum, output) => sum + (values[output]?.bytes ?? 0), 0)
  return Math.max(...programs.map(made))
}

function costMs(work: CompiledProgram['work']): number {
  return work.reduce((sum, { cost }) => sum + cost, 0) / 1000
}

/** Bytes of each variable of a session, in the order in which they are set. */
function variablesOf({ variables, optimized, halved = [] }: SessionSpec): Map<string, number> {
  const short = new Set(halved)
  const bytes = (name: string) => numbersIn(variables[name] as TensorSpec) * (short.has(name) ? 2 : 4)
  const moments = optimized.flatMap((name) => Object.values(momentNames(name)).map((m) => [m, bytes(name)] as const))
  return new Map([...moments, ...Object.keys(variables).map((name) => [name, bytes(name)] as const)])
}

/** As openGraphSession and writeVariables do it: moments one by one, then weights by groups, which are fed and copied. */
function setVariables(memory: SessionMemory, spec: SessionSpec): void {
  const sizes = variablesOf(spec)
  const set = (name: string) => memory.assign(`variable/${name}`, undefined, sizes.get(name) as number)
  for (const name of sizes.keys()) if (!Object.hasOwn(spec.variables, name)) set(name)
  for (const group of groupsOf(Object.entries(spec.variables), ([, variable]) => numbersIn(variable))) {
    const fed = group.map(([, variable]) => memory.allocator.allocate(4 * numbersIn(variable)))
    for (const [name] of group) set(name)
    for (const chunk of fed) memory.allocator.release(chunk)
  }
}
