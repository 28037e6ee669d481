import * as tf from '@tensorflow/tfjs-core'
import { hasKernel, runKernel } from './kernel.ts'

/**
 * The exact GELU, x·Φ(x) with Φ the normal distribution function: what "gelu" means in a checkpoint's config.
 * Source: Hendrycks, Gimpel 2016. Any shape.
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [input, save] = args as [tf.Tensor, tf.GradSaveFunc]
    const cdf = tf.mul(tf.add(tf.erf(tf.mul(input, Math.SQRT1_2)), 1), 0.5)
    save([input, cdf])
    return {
      value: tf.mul(input, cdf),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [z, phi] = saved as [tf.Tensor, tf.Tensor]
        const density = tf.mul(tf.exp(tf.mul(tf.square(z), -0.5)), 1 / Math.sqrt(2 * Math.PI))
        return tf.mul(dy, tf.add(phi, tf.mul(z, density)))
      },
    }
  })
  return op(x)
}

/** The tanh approximation of GELU: "gelu_new" and "gelu_pytorch_tanh" in a config. */
export function geluTanh(x: tf.Tensor): tf.Tensor {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI))
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1))
}

/** x·σ(x), also called swish: "silu" in a config. Source: Ramachandran et al. 2017. Any shape. */
export function silu(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [input, save] = args as [tf.Tensor, tf.GradSaveFunc]
    const share = tf.sigmoid(input)
    save([input, share])
    return {
      value: tf.mul(input, share),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [z, s] = saved as [tf.Tensor, tf.Tensor]
        return tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(z, tf.sub(1, s)))))
      },
    }
  })
  return op(x)
}

const activations: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu: tf.relu,
  silu,
  swish: silu,
  tanh: tf.tanh,
}

/** Numbers of those that engine/native/kernels/bias-activation.cc knows. */
const fused: Readonly<Record<string, number>> = { gelu: 0, gelu_new: 1, gelu_pytorch_tanh: 1, relu: 2 }

/** By the checkpoint's own word; undefined for one that is not known. */
export function activationNamed(name: string): ((x: tf.Tensor) => tf.Tensor) | undefined {
  return Object.hasOwn(activations, name) ? activations[name] : undefined
}

export const activationNames: readonly string[] = Object.keys(activations)

/** The activation of that name over x + bias, in one pass where the engine can. x [n, d], bias [d] → [n, d]. */
export function biasActivation(x: tf.Tensor, bias: tf.Tensor, name: string): tf.Tensor {
  const activation = fused[name]
  if (activation === undefined || !hasKernel('AttuneBiasActivation')) {
    const plain = activationNamed(name)
    if (!plain) throw new Error(`there is no activation "${name}"`)
    return plain(tf.add(x, bias))
  }
  const op = tf.customGrad((...args) => {
    const [input, shift, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const [value] = runKernel<[tf.Tensor]>('AttuneBiasActivation', { x: input, bias: shift }, { activation })
    save([input, shift])
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [z, b] = saved as [tf.Tensor, tf.Tensor]
        return runKernel<tf.Tensor[]>('AttuneBiasActivationGrad', { dy, x: z, bias: b }, { activation })
      },
    }
  })
  return op(x, bias)
}
