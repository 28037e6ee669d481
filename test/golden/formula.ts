/**
 * `count` numbers in [−bound, bound): an integer hash of the index, the same bit for bit as `spread` in make-tables.py.
 * It gives the head and the adapters, which no checkpoint holds, the same values on both sides.
 */
export function spread(count: number, salt: number, bound: number): Float32Array {
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    let x = (Math.imul(i, 0x9e3779b1) + salt) >>> 0
    x = (x ^ (x >>> 16)) >>> 0
    x = Math.imul(x, 0x85ebca6b) >>> 0
    x = (x ^ (x >>> 13)) >>> 0
    values[i] = (x / 2 ** 32 - 0.5) * 2 * bound
  }
  return values
}
