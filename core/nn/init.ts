import type { ParameterSpec } from '../models/architecture.ts'
import { hash32, normal, uniform } from '../util/random.ts'

/** First values of a parameter that no checkpoint gives. Depends on seed and name only, not on what else is drawn. */
export function initialise({ shape, init }: ParameterSpec, seed: number, name: string): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1)
  const values = new Float32Array(size)
  if (init.kind === 'zeros') return values
  if (init.kind === 'ones') return values.fill(1)
  if (init.kind === 'sinusoids') return sinusoids(shape as [number, number], init.steps)
  const stream = hash32(seed, ...Array.from(name, (character) => character.codePointAt(0) as number))
  for (let i = 0; i < size; i++) {
    values[i] = init.kind === 'normal' ? normal(stream, i) * init.stddev : (uniform(stream, i) * 2 - 1) * init.bound
  }
  return values
}

/** [positions, width]: the sines of all frequencies, then their cosines. Source: Vaswani et al. 2017. */
function sinusoids([positions, width]: readonly [number, number], steps: number): Float32Array {
  const values = new Float32Array(positions * width)
  const half = width / 2
  for (let i = 0; i < half; i++) {
    const frequency = 10000 ** (-i / steps)
    for (let position = 0; position < positions; position++) {
      values[position * width + i] = Math.sin(position * frequency)
      values[position * width + half + i] = Math.cos(position * frequency)
    }
  }
  return values
}
