/**
 * Philox4x32-10, the counter-based generator of Salmon et al. 2011 ("Parallel random numbers: as easy as 1, 2, 3"),
 * with key and counter laid out as TensorFlow's stateless operations do: key (seed, stream), counter (block, 0, step, 0),
 * four words a block.
 */
const multiplier0 = 0xd2511f53
const multiplier1 = 0xcd9e8d57
const weyl0 = 0x9e3779b9
const weyl1 = 0xbb67ae85
const rounds = 10

/** `count` draws of 16 bits: the lower half of each word, then its upper half. */
export function philoxHalves(seed: number, stream: number, step: number, count: number): Uint16Array {
  const draws = new Uint16Array(count)
  const words = new Uint32Array(4)
  for (let block = 0; block * 8 < count; block++) {
    words[0] = block
    words[1] = 0
    words[2] = step
    words[3] = 0
    philox(words, seed, stream)
    for (let i = 0; i < 8 && block * 8 + i < count; i++) {
      draws[block * 8 + i] = (words[i >> 1] as number) >>> (16 * (i & 1))
    }
  }
  return draws
}

/** Ten rounds on a counter of four words, in place. */
export function philox(words: Uint32Array, key0: number, key1: number): void {
  let k0 = key0 >>> 0
  let k1 = key1 >>> 0
  for (let round = 0; round < rounds; round++) {
    const [x0, x1, x2, x3] = words as unknown as [number, number, number, number]
    const high0 = highWord(multiplier0, x0)
    const high1 = highWord(multiplier1, x2)
    words[0] = high1 ^ x1 ^ k0
    words[1] = Math.imul(multiplier1, x2)
    words[2] = high0 ^ x3 ^ k1
    words[3] = Math.imul(multiplier0, x0)
    k0 = (k0 + weyl0) >>> 0
    k1 = (k1 + weyl1) >>> 0
  }
}

/** The upper 32 bits of a 32 × 32-bit product. */
function highWord(a: number, b: number): number {
  const aHigh = a >>> 16
  const aLow = a & 0xffff
  const bHigh = b >>> 16
  const bLow = b & 0xffff
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const cross = aLow * bHigh + (middle % 0x10000)
  return aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)
}
