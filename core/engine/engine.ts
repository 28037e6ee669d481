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

/** Of matrix products: bf16 rounds their operands to 8 bits of mantissa; everything else stays float32. */
export type Precision = 'fp32' | 'bf16'

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
  /** torch.optim.SGD: b ← momentum·b + grad + decay·w; w ← w − rate·b, where b is the variable `buffer`; rate is []. */
  | {
      readonly kind: 'momentum'
      readonly name: string
      readonly buffer: string
      readonly grad: Tensor
      readonly weightDecay: number
      readonly momentum: number
      readonly rate: Tensor
    }
  /** w ← w − decay·w − step, in this order and in place; `decay` is a scalar [], null for none. */
  | { readonly kind: 'descend'; readonly name: string; readonly step: Tensor; readonly decay: Tensor | null }

/**
 * Scalars of the AdamW updates of one program, all float32 []. The bias corrections are computed outside in float64
 * (see adamwScalars): 1 − β2ᵗ loses most of its digits in float32 at small t.
 */
export interface AdamWScalars {
  /** The scheduled rate, which the weight decay is multiplied with. */
  readonly learningRate: Tensor
  /** lr·√(1 − β2ᵗ)/(1 − β1ᵗ) */
  readonly stepSize: Tensor
  /** ε·√(1 − β2ᵗ) */
  readonly epsilonHat: Tensor
  readonly beta1: number
  readonly beta2: number
}

/** The three fed scalars of AdamW for the update number `step` (from 1), as torch.optim.AdamW computes them. */
export function adamwScalars(
  learningRate: number,
  step: number,
  { beta1, beta2, epsilon }: { beta1: number; beta2: number; epsilon: number },
): { learningRate: number; stepSize: number; epsilonHat: number } {
  const correction2 = Math.sqrt(1 - beta2 ** step)
  return {
    learningRate,
    stepSize: (learningRate * correction2) / (1 - beta1 ** step),
    epsilonHat: epsilon * correction2,
  }
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
  /** "fp32" when absent. */
  readonly precision?: Precision
  /**
   * Variables that are kept in bfloat16, at half the memory: weights that are not trained, keys and values of a cache.
   * What a program assigns to one is rounded.
   */
  readonly halved?: readonly string[]
  /** Variables that are written once and then read at every step: they are kept where reading is quick. */
  readonly steady?: readonly string[]
  /** Variables whose rows programs replace where they lie (nn/update-rows.ts): each has memory of its own. */
  readonly inPlace?: readonly string[]
}

export interface Session {
  readonly engine: EngineInfo
  /** Runs one program synchronously. Feeds are by name, row-major, of exactly the declared length. */
  run(program: string, feeds: Readonly<Record<string, Values>>): Record<string, Values>
  /** Sets variables (or moments: see `momentNames`). Data is copied. Many at once cost little more than one. */
  write(values: Readonly<Record<string, Float32Array>>): void
  /** Copies of variables (or moments). */
  read(variables: readonly string[]): Record<string, Float32Array>
  /** Frees everything. The session is unusable afterwards. */
  close(): void
}

/** The names under which a variable's two AdamW moments are read and written. */
export function momentNames(variable: string): { m: string; v: string } {
  return { m: `adam_m/${variable}`, v: `adam_v/${variable}` }
}

export interface Engine {
  readonly info: EngineInfo
  /** Whether programs are made of our own operations too (native/kernels). */
  readonly fused: boolean
  open(spec: SessionSpec): Promise<Session>
  /**
   * What a wish comes to here: "auto" is the one that this machine computes clearly faster, measured once and noted in
   * the cache. Throws AttuneError `unsupported` for bf16 where the engine has none.
   */
  precision(wanted: 'auto' | Precision): Promise<Precision>
}
