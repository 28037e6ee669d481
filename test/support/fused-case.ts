import * as tf from '@tensorflow/tfjs-core'
import { expect } from 'vitest'
import type { Program, Values } from '../../core/engine/engine.ts'
import { GraphBuilder } from '../../core/engine/graph/graph-builder.ts'
import { traceProgram, withTraceBackend } from '../../core/engine/trace/trace.ts'
import { type Rng, rngOf } from '../../core/nn/random.ts'
import { largestDifference, runOnBoth, someValues } from './engines.ts'

/** A function whose fused operations are compared with the composition of it that the eager engine runs. */
export interface FusedCase {
  readonly shapes: readonly (readonly number[])[]
  /** Nodes that must be in the graph, or the case shows nothing. */
  readonly nodes: readonly string[]
  run(tensors: tf.Tensor[], rng: Rng): tf.Tensor
}

/** The value of Σ c·f(x…) for fixed c, f itself, and the gradients of all x. */
export function programOf({ shapes, run }: Pick<FusedCase, 'shapes' | 'run'>): Program {
  const feeds = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, { shape, dtype: 'float32' as const }]))
  return {
    feeds: { ...feeds, rng: { shape: [2], dtype: 'int32' } },
    run(fed) {
      const xs = shapes.map((_, i) => fed[`x${i}`] as tf.Tensor)
      const f = (given: tf.Tensor[]) => run(given, rngOf(fed.rng as tf.Tensor))
      const y = f(xs)
      const weights = tf.tensor(someValues(y.size, 99), y.shape)
      const { grads } = tf.valueAndGrads((...given: tf.Tensor[]) => tf.sum(tf.mul(f(given), weights)) as tf.Scalar)(xs)
      return { fetches: { y, ...Object.fromEntries(grads.entries()) } }
    },
  }
}

/** Repeatable values in [−2, 2) for all of its tensors, and a seed and step. */
export function feedsOf({ shapes }: Pick<FusedCase, 'shapes'>): Record<string, Values> {
  const tensors = shapes.map((shape, i) => [`x${i}`, someValues(tf.util.sizeFromShape([...shape]), i + 1, -2, 2)])
  return { ...Object.fromEntries(tensors), rng: Int32Array.of(11, 5) }
}

/** Both engines give the same value and gradients, and the graph engine by the operations that the case names. */
export async function expectSame(one: FusedCase): Promise<void> {
  const result = await runOnBoth(programOf(one), feedsOf(one))
  const sizes = Object.values(result.eager).map((values) => Math.max(...Array.from(values, Math.abs)))
  expect(Math.min(...sizes)).toBeGreaterThan(0)
  // By the largest of all: a key's bias has a gradient of nothing but rounding.
  for (const [fetch, values] of Object.entries(result.eager)) {
    const difference = largestDifference(values, result.graph[fetch] ?? []) / Math.max(...sizes)
    expect(difference, fetch).toBeLessThan(3e-6)
  }
  expect(await nodesOf(programOf(one))).toEqual(expect.arrayContaining([...one.nodes]))
}

/** The operations that a program is traced to. */
export async function nodesOf(traced: Program): Promise<string[]> {
  const builder = new GraphBuilder()
  await withTraceBackend((backend) => traceProgram(backend, builder, 'main', traced, { variables: {} }, new Map()))
  return builder.nodes.map(({ op }) => op)
}
