/**
 * Positions as sines and cosines of falling frequency (Vaswani et al. 2017), in the layout of Marian: the sines of all
 * frequencies first, then the cosines. [positions, width], row by row; in float64, as transformers makes them.
 */
export function sinusoids(positions: number, width: number): Float32Array {
  const values = new Float32Array(positions * width)
  const sines = Math.ceil(width / 2)
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < width; i++) {
      const pair = i < sines ? i : i - sines
      const angle = position / 10_000 ** ((2 * pair) / width)
      values[position * width + i] = i < sines ? Math.sin(angle) : Math.cos(angle)
    }
  }
  return values
}
