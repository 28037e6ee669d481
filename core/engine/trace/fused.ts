import * as tf from '@tensorflow/tfjs-core'
import type { Attr, DataType, Ref } from '../graph/graph-builder.ts'
import { type TraceBackend, traceBackendName } from './backend.ts'

/**
 * Operations written for Attune (engine/native/kernels), each doing in one or two passes what takes TensorFlow's own
 * ones many. They are registered only where they have been loaded; code that uses one asks for it first and has a
 * composition to go on with (nn/).
 */
interface Fused {
  /** Null for a list of any length, keyed 0, 1, 2 … */
  readonly inputs: readonly string[] | null
  /** Those of them that are taken as they are kept, in float32 or bfloat16; all of one node are kept alike. */
  readonly kept?: readonly string[]
  readonly attrs?: Readonly<Record<string, 'int' | 'float'>>
  /** Shapes of the outputs. */
  shapes(inputs: Readonly<Record<string, readonly number[]>>, attrs: Readonly<Record<string, number>>): number[][]
}

const draws = { stream: 'int', threshold: 'int', scale: 'float' } as const
const none: readonly number[] = []

const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1)
const last = (shape: readonly number[]) => shape.at(-1) as number
const rows = (shape: readonly number[]) => size(shape) / last(shape)

const operations: Readonly<Record<string, Fused>> = {
  AttuneBiasActivation: {
    inputs: ['x', 'bias'],
    attrs: { activation: 'int' },
    shapes: ({ x = none }) => [[...x]],
  },
  AttuneBiasActivationGrad: {
    inputs: ['dy', 'x', 'bias'],
    attrs: { activation: 'int' },
    shapes: ({ x = none }) => [[...x], [last(x)]],
  },
  AttuneLayerNorm: {
    inputs: ['z', 'gain', 'shift'],
    attrs: { epsilon: 'float' },
    shapes: ({ z = none }) => [[...z], [rows(z), 2]],
  },
  AttuneLayerNormGrad: {
    inputs: ['dy', 'z', 'moments', 'gain'],
    shapes: ({ z = none }) => [[...z], [last(z)], [last(z)]],
  },
  AttuneResidualNorm: {
    inputs: ['x', 'bias', 'residual', 'gain', 'shift', 'state'],
    attrs: { epsilon: 'float', ...draws },
    shapes: ({ x = none }) => [[...x], [...x], [rows(x), 2]],
  },
  AttuneResidualNormGrad: {
    inputs: ['dy', 'z', 'moments', 'gain', 'state'],
    attrs: draws,
    shapes: ({ z = none }) => [[...z], [...z], [last(z)], [last(z)], [last(z)]],
  },
  AttuneAttentionSoftmax: {
    inputs: ['scores', 'mask', 'state'],
    attrs: { factor: 'float', ...draws },
    shapes: ({ scores = none }, { threshold }) => [[...scores], threshold === 0 ? [0] : [...scores]],
  },
  AttuneAttentionSoftmaxGrad: {
    inputs: ['dkept', 'probabilities', 'state'],
    attrs: { factor: 'float', ...draws },
    shapes: ({ dkept = none }) => [[...dkept]],
  },
  AttuneDropout: {
    inputs: ['x', 'state'],
    attrs: draws,
    shapes: ({ x = none }) => [[...x]],
  },
  AttuneResidual: {
    inputs: ['x', 'bias', 'residual', 'state'],
    attrs: draws,
    shapes: ({ x = none }) => [[...x]],
  },
  AttuneResidualGrad: {
    inputs: ['dy', 'state'],
    attrs: draws,
    shapes: ({ dy = none }) => [[...dy], [last(dy)]],
  },
  AttuneCrossEntropy: {
    inputs: ['logits', 'labels', 'weights'],
    attrs: { with_slope: 'int' },
    shapes: ({ logits = none, labels = none }, { with_slope: slope }) => [[...labels], slope === 0 ? [0] : [...logits]],
  },
  AttuneFewRows: {
    inputs: ['x', 'weight'],
    kept: ['weight'],
    shapes: ({ x = none, weight = none }) => [[x[0] as number, weight[0] as number]],
  },
  AttuneLstm: {
    inputs: ['projected', 'weight', 'bias', 'h0', 'c0', 'lengths'],
    attrs: { reverse: 'int' },
    shapes: ({ projected = none, h0 = none }) => {
      const sequence = [...projected.slice(0, 2), last(h0)]
      return [sequence, [...h0], [...h0], [...projected], sequence]
    },
  },
  AttuneLstmGrad: {
    inputs: ['dy', 'dh', 'dc', 'gates', 'cells', 'weight', 'h0', 'c0', 'lengths'],
    attrs: { reverse: 'int' },
    shapes: ({ gates = none, cells = none, h0 = none }) => [[...gates], [...cells], [last(gates)], [...h0], [...h0]],
  },
  AttuneGru: {
    inputs: ['projected', 'weight', 'bias_ih', 'bias_hh', 'h0', 'lengths'],
    attrs: { reverse: 'int' },
    shapes: ({ projected = none, h0 = none }) => {
      const sequence = [...projected.slice(0, 2), last(h0)]
      return [sequence, [...h0], [...projected], sequence]
    },
  },
  AttuneGruGrad: {
    inputs: ['dy', 'dh', 'gates', 'inner', 'y', 'weight', 'h0', 'lengths'],
    attrs: { reverse: 'int' },
    shapes: ({ gates = none, inner = none, h0 = none }) => [
      ...[[...gates], [...gates], [...inner]],
      ...[[last(gates)], [last(gates)], [...h0]],
    ],
  },
  AttuneSplitHeads: {
    inputs: ['x', 'bias'],
    attrs: { parts: 'int', length: 'int', heads: 'int' },
    shapes: ({ x = none }, { parts = 1, length = 1, heads = 1 }) =>
      Array.from({ length: parts }, () => [rows(x) / length, heads, length, last(x) / parts / heads]),
  },
  AttuneMergeHeads: {
    inputs: null,
    attrs: { parts: 'int', length: 'int', heads: 'int', sums: 'int' },
    shapes: ({ 0: x = none }, { parts = 1, heads = 1, sums }) => {
      const width = parts * heads * last(x)
      return [[size(x) / (heads * last(x)), width], [sums === 0 ? 0 : width]]
    },
  },
}

/** The node that a tensor's own numbers come from, and their type. */
function asKept(backend: TraceBackend, x: tf.TensorInfo): { ref: Ref; type: DataType } {
  const half = backend.exactHalf(x)
  return half === null ? { ref: backend.ref(x), type: 'float32' } : { ref: half, type: 'bfloat16' }
}

function emitter(op: string, { inputs, kept = [], attrs = {}, shapes }: Fused) {
  return (given: Record<string, tf.TensorInfo>, values: Record<string, number>, backend: TraceBackend) => {
    const tensors = (inputs ?? Object.keys(given)).map((name) => {
      const tensor = given[name]
      if (!tensor) throw new Error(`${op} lacks its input "${name}"`)
      return [name, tensor] as const
    })
    const encoded = Object.entries(attrs).map(([name, kind]): [string, Attr] => {
      const value = values[name]
      if (value === undefined) throw new Error(`${op} lacks its attribute "${name}"`)
      return [name, kind === 'int' ? { int: value } : { float: value }]
    })
    const types = new Set<DataType>()
    const refs = tensors.map(([name, tensor]) => {
      if (!kept.includes(name)) return backend.ref(tensor)
      const { ref, type } = asKept(backend, tensor)
      types.add(type)
      return ref
    })
    const [type] = types
    if (types.size > 1) throw new Error(`${op} takes ${kept.join(' and ')} only when they are kept alike`)
    if (type !== undefined) encoded.push(['T', { type }])
    const ref = backend.builder.node(op, refs, Object.fromEntries(encoded))
    const outputs = shapes(Object.fromEntries(tensors.map(([name, { shape }]) => [name, shape])), values)
    return outputs.map((shape, i) => backend.output(shape, 'float32', i === 0 ? ref : `${ref}:${i}`))
  }
}

/** √Σ‖g‖² over any number of gradients: nn/global-norm.ts. */
function emitGlobalNorm(given: Record<string, tf.TensorInfo>, backend: TraceBackend): tf.TensorInfo {
  const grads = Object.values(given).map((grad) => {
    const ref = backend.ref(grad)
    return backend.gradients.shortSum(backend.builder, ref)?.sums ?? ref
  })
  return backend.output([], 'float32', backend.builder.node('AttuneGlobalNorm', grads, { N: { int: grads.length } }))
}

const cachedAttention = emitter('AttuneCachedAttention', {
  inputs: ['q', 'k', 'v', 'keys', 'values', 'positions'],
  kept: ['keys', 'values'],
  attrs: { block: 'int', factor: 'float' },
  shapes: ({ q = none, keys = none, values = none }) => [[...q], [...keys], [...values]],
})

/** Attention that writes into a cache: nn/kv-cache.ts. Its second and third output stand for the variables' new values. */
function emitCachedAttention(
  given: Record<string, tf.TensorInfo>,
  attrs: Record<string, number>,
  backend: TraceBackend,
): tf.TensorInfo[] {
  const [y, ...written] = cachedAttention(given, attrs, backend)
  const names = ['keys', 'values']
  const done = backend.ref(y as tf.TensorInfo)
  for (const [i, value] of written.entries())
    backend.noteWritten(backend.ref(value), given[names[i] as string] as tf.TensorInfo, done)
  return [y as tf.TensorInfo, ...written]
}

/** Registers the fused operations for the trace backend, once. */
export function registerFusedKernels(): void {
  const emitters = new Map(Object.entries(operations).map(([name, fused]) => [name, emitter(name, fused)]))
  emitters.set('AttuneCachedAttention', emitCachedAttention)
  for (const [kernelName, emit] of emitters) {
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        emit(
          inputs as Record<string, tf.TensorInfo>,
          (attrs ?? {}) as unknown as Record<string, number>,
          backend as TraceBackend,
        ),
    })
  }
  tf.registerKernel({
    kernelName: 'AttuneGlobalNorm',
    backendName: traceBackendName,
    kernelFunc: ({ inputs, backend }) =>
      emitGlobalNorm(inputs as Record<string, tf.TensorInfo>, backend as TraceBackend),
  })
}
