import * as tf from '@tensorflow/tfjs-core'

/**
 * Rotary position embeddings: each pair of a head's numbers is turned by an angle that grows with the token's position,
 * so that a product of query and key depends on how far they are apart. Pairs are (i, i + d/2), as transformers lays
 * them out. Source: Su et al. 2021 (RoFormer).
 */
export interface RopeOptions {
  /** The slowest pair turns by about 1/base a position. */
  readonly base: number
  readonly scaling: RopeScaling | null
}

/** How a model reads texts longer than those it was first trained on. */
export type RopeScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  /** Llama 3.1: slow pairs are slowed down, fast ones left, those between blended. */
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly lowFactor: number
      readonly highFactor: number
      /** Positions of the first training. */
      readonly original: number
    }

/** Radians a position that each of the d/2 pairs turns by. */
export function ropeFrequencies(width: number, { base, scaling }: RopeOptions): Float64Array {
  const plain = Float64Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width))
  if (scaling === null) return plain
  return plain.map((frequency) => scaled(frequency, scaling))
}

function scaled(frequency: number, scaling: RopeScaling): number {
  if (scaling.kind === 'linear') return frequency / scaling.factor
  const { factor, lowFactor, highFactor, original } = scaling
  const turns = (original * frequency) / (2 * Math.PI)
  if (turns < lowFactor) return frequency / factor
  if (turns > highFactor) return frequency
  const share = (turns - lowFactor) / (highFactor - lowFactor)
  return ((1 - share) * frequency) / factor + share * frequency
}

/** Cosines and sines, each [batch, 1, length, d/2]. */
export interface Turns {
  readonly cos: tf.Tensor
  readonly sin: tf.Tensor
}

/** positionIds int32 [batch, length] */
export function turnsAt(positionIds: tf.Tensor, width: number, options: RopeOptions): Turns {
  const [batch, length] = positionIds.shape as [number, number]
  const frequencies = tf.tensor(Float32Array.from(ropeFrequencies(width, options)), [1, 1, 1, width / 2])
  const angles = tf.mul(tf.reshape(tf.cast(positionIds, 'float32'), [batch, 1, length, 1]), frequencies)
  return { cos: tf.cos(angles), sin: tf.sin(angles) }
}

/** x [batch, heads, length, d], turned. */
export function rotate(x: tf.Tensor, { cos, sin }: Turns): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [input, save] = args as [tf.Tensor, tf.GradSaveFunc]
    save([cos, sin])
    return {
      value: turned(input, cos, sin),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [c, s] = saved as [tf.Tensor, tf.Tensor]
        // The inverse of a turn is the turn the other way.
        return turned(dy, c, tf.neg(s))
      },
    }
  })
  return op(x)
}

function turned(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  const [first, second] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor]
  return tf.concat(
    [tf.sub(tf.mul(first, cos), tf.mul(second, sin)), tf.add(tf.mul(second, cos), tf.mul(first, sin))],
    -1,
  )
}
