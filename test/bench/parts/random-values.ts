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
