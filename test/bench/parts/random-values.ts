import type { ParameterSpec } from '../../../core/models/architecture.ts'

/** Repeatable values spread evenly over `spread` around 0: quick, for weights whose values do not matter. */
export function someValues(count: number, seed: number, spread: number): Float32Array {
  const values = new Float32Array(count)
  let state = seed >>> 0
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = (state / 2 ** 32 - 0.5) * spread
  }
  return values
}

/** First values of a parameter, as large as its own kind of beginning makes them. */
export function someWeights(name: string, { shape, init }: ParameterSpec): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1)
  if (init.kind === 'zeros' || init.kind === 'ones') return new Float32Array(count).fill(init.kind === 'ones' ? 1 : 0)
  return someValues(count, name.length, spreadOf(init))
}

/** Even spread of the same deviation as a normal one has. */
function spreadOf(init: ParameterSpec['init']): number {
  if (init.kind === 'normal') return init.stddev * Math.sqrt(12)
  return init.kind === 'uniform' ? 2 * init.bound : 2
}
