import type { Engine, Program, SessionSpec, Values } from '../../core/engine/engine.ts'
import { openEngine } from '../../core/engine/open.ts'

/** Both engines on TensorFlow's library, for tests in which they have to agree. */
export async function bothEngines(): Promise<{ graph: Engine; eager: Engine }> {
  return { graph: await openEngine('graph', 2), eager: await openEngine('eager', 2) }
}

/** Makes the eager engine's backend the current one, for tests that call tfjs operations directly. */
export async function selectEagerBackend(): Promise<void> {
  const { eager } = await bothEngines()
  const session = await eager.open({ variables: {}, optimized: [], programs: {} })
  session.close()
}

/** What a program of its own, without variables, computes on each engine. */
export async function runOnBoth(
  program: Program,
  feeds: Record<string, Values>,
): Promise<{ graph: Record<string, Values>; eager: Record<string, Values> }> {
  const spec: SessionSpec = { variables: {}, optimized: [], programs: { main: program } }
  const { graph, eager } = await bothEngines()
  return { graph: await runOnce(graph, spec, feeds), eager: await runOnce(eager, spec, feeds) }
}

async function runOnce(
  engine: Engine,
  spec: SessionSpec,
  feeds: Record<string, Values>,
): Promise<Record<string, Values>> {
  const session = await engine.open(spec)
  try {
    return session.run('main', feeds)
  } finally {
    session.close()
  }
}

/** The largest difference between two lists of equal length; infinite when the lengths differ or a value is not finite. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number))
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference
  }
  return largest
}

/** Repeatable values in [low, high). */
export function someValues(count: number, seed = 1, low = -1, high = 1): Float32Array {
  let state = seed >>> 0
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return low + ((high - low) * state) / 2 ** 32
  })
}
