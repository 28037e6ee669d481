import type { Tensor } from '@tensorflow/tfjs-core'
import type { Rng } from './random.ts'

/**
 * A view over named tensors, addressed by the checkpoint's own names:
 * `params.at('encoder.layer.0').at('attention.self.query').get('weight')`.
 */
export interface Params {
  /** The full name of this place, '' at the root. */
  readonly path: string
  /** Whether blocks keep only their input for the backward pass: nn/recompute.ts. */
  readonly recompute: boolean
  /** Whether nothing is learned: a weight [in, out] is then kept as [out, in], which few rows at a time go through quicker. */
  readonly inference: boolean
  at(name: string): Params
  get(name: string): Tensor
  has(name: string): boolean
  /** All tensors below this place, adapters among them. */
  tensors(): Tensor[]
  /**
   * An addition to the output of the linear layer at this place, or null: how an adapter joins in without the model
   * knowing. x [n, in] → [n, out].
   */
  delta(x: Tensor, rng: Rng | null): Tensor | null
}

export interface ParamsOptions {
  readonly recompute?: boolean
  readonly inference?: boolean
}

export function paramsOf(tensors: Readonly<Record<string, Tensor>>, options: ParamsOptions = {}, path = ''): Params {
  const { recompute = false, inference = false } = options
  const full = (name: string) => (path === '' ? name : `${path}.${name}`)
  return {
    path,
    recompute,
    inference,
    at: (name) => paramsOf(tensors, options, full(name)),
    get(name) {
      const tensor = tensors[full(name)]
      if (!tensor) throw new Error(`no parameter "${full(name)}"`)
      return tensor
    },
    tensors: () =>
      Object.entries(tensors)
        .filter(([name]) => path === '' || name.startsWith(`${path}.`))
        .map(([, tensor]) => tensor),
    has: (name) => Object.hasOwn(tensors, full(name)),
    delta: () => null,
  }
}
