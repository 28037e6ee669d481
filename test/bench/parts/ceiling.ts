import * as tf from '@tensorflow/tfjs-core'
import type { Program, SessionSpec } from '../../../core/engine/engine.ts'
import { openEngine } from '../../../core/engine/open.ts'
import type { Parts } from './parts.ts'
import { someValues } from './random-values.ts'

/** Sides of the square matrices; the largest figure among them is the ceiling. */
const sizes = [1024, 2048, 4096]
/** About so many operations in each timed call: long enough for the call itself not to count. */
const perCall = 1.5e11
const calls = 4

/**
 * The most operations a second that matrix products reach here: a chain of them in one program, each on the product
 * before, so that none can be left out or done once for all.
 */
export async function measureCeiling({
  precision,
  threads,
}: Parts['ceiling']['spec']): Promise<Parts['ceiling']['result']> {
  const engine = await openEngine('graph', threads)
  let info = engine.info
  let best = 0
  for (const size of sizes) {
    const products = Math.max(1, Math.round(perCall / (2 * size ** 3)))
    const session = await engine.open({ ...chain(size, products), precision })
    info = session.engine
    try {
      // Entries of variance 1/size keep the products' own size, however long the chain.
      const spread = Math.sqrt(12 / size)
      session.write({ a: someValues(size * size, 1, spread), b: someValues(size * size, 2, spread) })
      session.run('chain', {})
      for (let call = 0; call < calls; call++) {
        const begun = performance.now()
        session.run('chain', {})
        best = Math.max(best, (products * 2 * size ** 3) / ((performance.now() - begun) / 1000))
      }
    } finally {
      session.close()
    }
  }
  return { engine: info, flops: best }
}

function chain(size: number, products: number): SessionSpec {
  const matrix = { shape: [size, size], dtype: 'float32' } as const
  const program: Program = {
    feeds: {},
    run(_feeds, { a, b }) {
      let product = a as tf.Tensor
      for (let i = 0; i < products; i++) product = tf.matMul(product, b as tf.Tensor)
      return { fetches: { some: tf.sum(tf.slice(product, [0, 0], [1, size])) } }
    },
  }
  return { variables: { a: matrix, b: matrix }, optimized: [], programs: { chain: program } }
}
