import type { Tensor } from '@tensorflow/tfjs-core'
import type { EngineInfo } from '../contract/domain.ts'

/**
 * One interface, two engines. A program is written once in tfjs ops; the graph engine traces it into a TensorFlow
 * graph and runs it in tfjs-node's own session, the eager engine runs it operation by operation on any tfjs backend.
 */

export type DType = 'float32' | 'int32'
export type Values = Float32Array | Int32Array

export interface TensorSpec {
  readonly shape: readonly number[]
  readonly dtype: DType
}

/** Variables live in the session; `tensors` are their present values while a program is being run or traced. */
export type Tensors = Readonly<Record<string, Tensor>>

/** What a program does to variables, after everything it fetches has been computed. */
export type Update =
  | { readonly kind: 'assign'; readonly name: string; readonly value: Tensor }
  /**
   * PyTorch's AdamW on one variable, whose moments are the variables `m` and `v` (created by the engine, zero at first):
   * w ← w·(1 − lr·decay); m, v ← moments of grad; w ← w − lr/(1 − β1ᵗ) · m / (√(v/(1 − β2ᵗ)) + ε).
   */
  | {
      readonly kind: 'adamw'
      readonly name: string
      readonly grad: Tensor
      readonly weightDecay: number
    }

/** Scalars of the AdamW updates of one program; `beta1Power` is β1ᵗ at this step, computed in float64 outside. */
export interface AdamWScalars {
  readonly learningRate: Tensor
  readonly beta1Power: Tensor
  readonly beta2Power: Tensor
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

export interface Program {
  readonly feeds: Readonly<Record<string, TensorSpec>>
  /** Pure: only tfjs ops over the feeds and variables. Shapes are static. */
  run(feeds: Tensors, variables: Tensors): ProgramResult
}

export interface ProgramResult {
  readonly fetches: Readonly<Record<string, Tensor>>
  readonly updates?: readonly Update[]
  readonly adamw?: AdamWScalars
}

/** Everything a run needs, given once: one graph, one session, one set of variables. */
export interface SessionSpec {
  readonly variables: Readonly<Record<string, TensorSpec>>
  /** Names of variables that get AdamW moments. */
  readonly optimized: readonly string[]
  readonly programs: Readonly<Record<string, Program>>
}

export interface Session {
  readonly engine: EngineInfo
  /** Runs one program synchronously. Feeds are by name, row-major, of exactly the declared length. */
  run(program: string, feeds: Readonly<Record<string, Values>>): Record<string, Values>
  /** Sets a variable. `data` is copied. */
  write(variable: string, data: Float32Array): void
  /** A copy of a variable (or of a moment: see `momentNames`). */
  read(variable: string): Float32Array
  /** Frees everything. The session is unusable afterwards. */
  close(): void
}

/** The names under which a variable's two AdamW moments are read and written. */
export function momentNames(variable: string): { m: string; v: string } {
  return { m: `adam_m/${variable}`, v: `adam_v/${variable}` }
}

export interface Engine {
  readonly info: EngineInfo
  open(spec: SessionSpec): Promise<Session>
}
