import * as tf from '@tensorflow/tfjs-core'
import type { Attr, DataType, Ref } from '../graph/graph-builder.ts'
import { sameShape, type TraceBackend, traceBackendName } from './backend.ts'

/**
 * One kernel per tfjs operation: infer the output's shape, emit TensorFlow's operation of the same meaning.
 * Attribute names are TensorFlow's (tensorflow/core/ops/*.cc).
 */

type Inputs = Record<string, tf.TensorInfo>
type Attrs = Record<string, unknown>
type Emit = (inputs: Inputs, attrs: Attrs, backend: TraceBackend) => tf.TensorInfo | tf.TensorInfo[]

const type = (dtype: string): Attr => ({ type: dtype as DataType })
const rankOf = (x: tf.TensorInfo) => x.shape.length

function input(inputs: Inputs, name: string): tf.TensorInfo {
  const tensor = inputs[name]
  if (!tensor) throw new Error(`a traced operation lacks its input "${name}"`)
  return tensor
}

function axesOf(axis: unknown, rank: number): number[] {
  if (axis === null || axis === undefined) return Array.from({ length: rank }, (_, i) => i)
  return [axis].flat().map((a) => ((a as number) < 0 ? (a as number) + rank : (a as number)))
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  return tf.broadcast_util.assertAndGetBroadcastShape([...a], [...b])
}

const table: Record<string, Emit> = {}

for (const [kernel, op] of Object.entries({
  Add: 'AddV2',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'RealDiv',
  Maximum: 'Maximum',
  Minimum: 'Minimum',
  Pow: 'Pow',
  SquaredDifference: 'SquaredDifference',
})) {
  table[kernel] = (inputs, _, backend) => {
    const a = input(inputs, 'a')
    const b = input(inputs, 'b')
    const shape = broadcast(a.shape, b.shape)
    const trivial = kernel === 'Multiply' ? timesOne(a, b, shape, backend) : null
    if (trivial) return trivial
    const [x, y] = [backend.ref(a), backend.ref(b)]
    if (kernel === 'Add' && a.dtype === 'float32') {
      return backend.output(shape, a.dtype, backend.sums.add(backend.builder, x, y, sameShape(a.shape, b.shape)))
    }
    const ref = backend.builder.node(op, [x, y], { T: type(a.dtype) })
    if (kernel === 'Multiply' && b.shape.length === 0) backend.gradients.noteScaled(ref, x, y)
    return backend.output(shape, a.dtype, ref)
  }
}

/** tfjs writes many gradients as a product with ones; where that changes nothing, no node is made. */
function timesOne(a: tf.TensorInfo, b: tf.TensorInfo, shape: number[], backend: TraceBackend): tf.TensorInfo | null {
  if (backend.uniformValue(b) === 1 && sameShape(a.shape, shape)) return backend.share(a)
  if (backend.uniformValue(a) === 1 && sameShape(b.shape, shape)) return backend.share(b)
  return null
}

table.AddN = (inputs, _, backend) => {
  const parts = Object.values(inputs)
  const first = parts[0]
  if (!first) throw new Error('AddN needs an input')
  const refs = parts.map((part) => backend.ref(part))
  const ref =
    first.dtype === 'float32'
      ? backend.sums.addAll(backend.builder, refs)
      : backend.builder.node('AddN', refs, { N: { int: refs.length }, T: type(first.dtype) })
  return backend.output(first.shape, first.dtype, ref)
}

for (const op of ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual']) {
  table[op] = (inputs, _, backend) => {
    const a = input(inputs, 'a')
    const b = input(inputs, 'b')
    const ref = backend.builder.node(op, [backend.ref(a), backend.ref(b)], { T: type(a.dtype) })
    return backend.output(broadcast(a.shape, b.shape), 'bool', ref)
  }
}

for (const op of ['LogicalAnd', 'LogicalOr']) {
  table[op] = (inputs, _, backend) => {
    const a = input(inputs, 'a')
    const b = input(inputs, 'b')
    return backend.output(
      broadcast(a.shape, b.shape),
      'bool',
      backend.builder.node(op, [backend.ref(a), backend.ref(b)]),
    )
  }
}

table.LogicalNot = (inputs, _, backend) => {
  const x = input(inputs, 'x')
  return backend.output(x.shape, 'bool', backend.builder.node('LogicalNot', [backend.ref(x)]))
}

for (const op of [
  ...[
    'Abs',
    'Ceil',
    'Cos',
    'Erf',
    'Exp',
    'Floor',
    'Log',
    'Log1p',
    'Neg',
    'Reciprocal',
    'Relu',
    'Rsqrt',
    'Sigmoid',
    'Sign',
  ],
  ...['Sin', 'Softplus', 'Sqrt', 'Square', 'Tanh'],
]) {
  table[op] = (inputs, _, backend) => {
    const x = input(inputs, 'x')
    return backend.output(x.shape, x.dtype, backend.builder.node(op, [backend.ref(x)], { T: type(x.dtype) }))
  }
}

/** 1 above 0, else `alpha`: what the gradient of relu is made of. */
table.Step = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const alpha = (attrs.alpha as number | undefined) ?? 0
  const zero = backend.builder.constant([0], [], 'float32')
  const above = backend.builder.node('Greater', [backend.ref(x), zero], { T: type(x.dtype) })
  const [yes, no] = [1, alpha].map((value) => backend.builder.constant([value], [], 'float32')) as [Ref, Ref]
  return backend.output(x.shape, x.dtype, backend.builder.node('SelectV2', [above, yes, no], { T: type(x.dtype) }))
}

for (const op of ['IsNan', 'IsFinite']) {
  table[op] = (inputs, _, backend) => {
    const x = input(inputs, 'x')
    return backend.output(x.shape, 'bool', backend.builder.node(op, [backend.ref(x)], { T: type(x.dtype) }))
  }
}

table.Identity = (inputs, _, backend) => backend.share(input(inputs, 'x'))
table.Reshape = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  return backend.share(x, tf.util.inferFromImplicitShape(attrs.shape as number[], tf.util.sizeFromShape(x.shape)))
}
table.ExpandDims = (inputs, attrs, backend) => {
  const x = input(inputs, 'input')
  const dim = attrs.dim as number
  return backend.share(x, x.shape.toSpliced(dim < 0 ? dim + rankOf(x) + 1 : dim, 0, 1))
}
table.Cast = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const dtype = attrs.dtype as tf.DataType
  if (dtype === x.dtype) return backend.share(x)
  const node = backend.builder.node('Cast', [backend.ref(x)], {
    SrcT: type(x.dtype),
    DstT: type(dtype),
    Truncate: { bool: false },
  })
  return backend.output(x.shape, dtype, node)
}

table.Fill = (_, attrs, backend) =>
  backend.uniform(attrs.shape as number[], (attrs.dtype as tf.DataType | undefined) ?? 'float32', attrs.value as number)
table.ZerosLike = (inputs, _, backend) => backend.uniform(input(inputs, 'x').shape, input(inputs, 'x').dtype, 0)
table.OnesLike = (inputs, _, backend) => backend.uniform(input(inputs, 'x').shape, input(inputs, 'x').dtype, 1)

for (const op of ['Sum', 'Mean', 'Max', 'Min', 'Prod']) {
  table[op] = (inputs, attrs, backend) => {
    const x = input(inputs, 'x')
    const axes = axesOf(op === 'Max' || op === 'Min' ? (attrs.reductionIndices ?? attrs.axis) : attrs.axis, rankOf(x))
    if (axes.length === 0) return backend.share(x)
    const keep = attrs.keepDims === true
    const shape = keep
      ? x.shape.map((size, i) => (axes.includes(i) ? 1 : size))
      : x.shape.filter((_, i) => !axes.includes(i))
    // A sum over axes of size 1 moves nothing.
    if (axes.every((axis) => x.shape[axis] === 1)) return backend.share(x, shape)
    const ref = backend.builder.node(op, [backend.ref(x), backend.builder.ints(axes)], {
      T: type(x.dtype),
      Tidx: type('int32'),
      keep_dims: { bool: keep },
    })
    return backend.output(shape, x.dtype, ref)
  }
}

table.ArgMax = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const [axis] = axesOf(attrs.axis, rankOf(x))
  if (axis === undefined) throw new Error('ArgMax needs an axis')
  const ref = backend.builder.node('ArgMax', [backend.ref(x), backend.builder.int(axis)], {
    T: type(x.dtype),
    Tidx: type('int32'),
    output_type: type('int32'),
  })
  return backend.output(x.shape.toSpliced(axis, 1), 'int32', ref)
}

/** Along the last axis, the largest first. */
table.TopK = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const k = attrs.k as number
  const shape = x.shape.with(-1, k)
  const ref = backend.builder.node('TopKV2', [backend.ref(x), backend.builder.int(k)], {
    T: type(x.dtype),
    sorted: { bool: true },
  })
  return [backend.output(shape, x.dtype, ref), backend.output(shape, 'int32', `${ref}:1`)]
}

table.Softmax = (inputs, _, backend) => {
  const x = input(inputs, 'logits')
  return backend.output(x.shape, x.dtype, backend.builder.node('Softmax', [backend.ref(x)], { T: type(x.dtype) }))
}
table.LogSoftmax = (inputs, _, backend) => {
  const x = input(inputs, 'logits')
  return backend.output(x.shape, x.dtype, backend.builder.node('LogSoftmax', [backend.ref(x)], { T: type(x.dtype) }))
}

table.Transpose = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const perm = attrs.perm as number[]
  const shape = perm.map((axis) => x.shape[axis] as number)
  // Where only axes of size 1 change their place, nothing moves.
  const moving = perm.filter((axis) => x.shape[axis] !== 1)
  if (moving.every((axis, i) => i === 0 || axis > (moving[i - 1] as number))) return backend.share(x, shape)
  const ref = backend.builder.node('Transpose', [backend.ref(x), backend.builder.ints(perm)], {
    T: type(x.dtype),
    Tperm: type('int32'),
  })
  return backend.output(shape, x.dtype, ref)
}

table.BatchMatMul = (inputs, attrs, backend) => {
  const a = input(inputs, 'a')
  const b = input(inputs, 'b')
  const transposeA = attrs.transposeA === true
  const transposeB = attrs.transposeB === true
  const rows = a.shape.at(transposeA ? -1 : -2) as number
  const columns = b.shape.at(transposeB ? -2 : -1) as number
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
  const factorType = type(backend.precision === 'bf16' ? 'bfloat16' : 'float32')
  const flat = shape.slice(0, -2).every((size) => size === 1)
  if (flat) {
    // The two-dimensional product is the faster operation, and the one that the graph optimiser fuses a bias into.
    const matrix = (x: tf.TensorInfo) => backend.factor({ ...x, shape: x.shape.slice(-2) })
    const product = backend.builder.node('MatMul', [matrix(a), matrix(b)], {
      T: factorType,
      transpose_a: { bool: transposeA },
      transpose_b: { bool: transposeB },
    })
    return { ...backend.product([rows, columns], product), shape }
  }
  const product = backend.builder.node('BatchMatMulV2', [backend.factor(a), backend.factor(b)], {
    T: factorType,
    adj_x: { bool: transposeA },
    adj_y: { bool: transposeB },
  })
  return backend.product(shape, product)
}

table.SplitV = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const [axis = 0] = axesOf(attrs.axis, rankOf(x))
  const sizes = tf.backend_util.prepareSplitSize(
    { shape: x.shape } as tf.Tensor,
    attrs.numOrSizeSplits as number[] | number,
    axis,
  )
  const ref = backend.builder.node('SplitV', [backend.ref(x), backend.builder.ints(sizes), backend.builder.int(axis)], {
    T: type(x.dtype),
    Tlen: type('int32'),
    num_split: { int: sizes.length },
  })
  return sizes.map((size, i) => backend.output(x.shape.with(axis, size), x.dtype, i === 0 ? ref : `${ref}:${i}`))
}

table.Concat = (inputs, attrs, backend) => {
  const parts = Object.values(inputs)
  const first = parts[0]
  if (!first) throw new Error('Concat needs an input')
  const [axis = 0] = axesOf(attrs.axis, rankOf(first))
  const total = parts.reduce((sum, part) => sum + (part.shape[axis] as number), 0)
  if (parts.length === 1) return backend.share(first)
  const ref = backend.builder.node('ConcatV2', [...parts.map((part) => backend.ref(part)), backend.builder.int(axis)], {
    N: { int: parts.length },
    T: type(first.dtype),
    Tidx: type('int32'),
  })
  return backend.output(first.shape.with(axis, total), first.dtype, ref)
}

table.Pack = (inputs, attrs, backend) => {
  const parts = Object.values(inputs)
  const first = parts[0]
  if (!first) throw new Error('Pack needs an input')
  const [axis = 0] = axesOf(attrs.axis, rankOf(first) + 1)
  const ref = backend.builder.node(
    'Pack',
    parts.map((part) => backend.ref(part)),
    {
      N: { int: parts.length },
      T: type(first.dtype),
      axis: { int: axis },
    },
  )
  return backend.output(first.shape.toSpliced(axis, 0, parts.length), first.dtype, ref)
}

table.Unpack = (inputs, attrs, backend) => {
  const x = input(inputs, 'value')
  const [axis = 0] = axesOf(attrs.axis, rankOf(x))
  const count = x.shape[axis] as number
  const ref = backend.builder.node('Unpack', [backend.ref(x)], {
    T: type(x.dtype),
    num: { int: count },
    axis: { int: axis },
  })
  return Array.from({ length: count }, (_, i) =>
    backend.output(x.shape.toSpliced(axis, 1), x.dtype, i === 0 ? ref : `${ref}:${i}`),
  )
}

table.Slice = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const [begin, size] = tf.slice_util.parseSliceParams(
    { shape: x.shape, rank: rankOf(x) } as tf.Tensor,
    attrs.begin as number | number[],
    attrs.size as number | number[],
  ) as [number[], number[]]
  if (sameShape(size, x.shape)) return backend.share(x)
  const { builder } = backend
  return backend.moved(x, size, (ref, dtype) =>
    builder.node('Slice', [ref, builder.ints(begin), builder.ints(size)], { T: type(dtype), Index: type('int32') }),
  )
}

table.PadV2 = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const paddings = attrs.paddings as [number, number][]
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return backend.share(x)
  const value = backend.builder.constant([attrs.constantValue as number], [], x.dtype as 'float32' | 'int32')
  const pairs = backend.builder.constant(paddings.flat(), [paddings.length, 2], 'int32')
  const ref = backend.builder.node('PadV2', [backend.ref(x), pairs, value], {
    T: type(x.dtype),
    Tpaddings: type('int32'),
  })
  const shape = x.shape.map(
    (size, i) => size + (paddings[i] as [number, number])[0] + (paddings[i] as [number, number])[1],
  )
  return backend.output(shape, x.dtype, ref)
}

table.GatherV2 = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const indices = input(inputs, 'indices')
  const [axis = 0] = axesOf(attrs.axis ?? 0, rankOf(x))
  const batchDims = (attrs.batchDims as number | undefined) ?? 0
  const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(batchDims), ...x.shape.slice(axis + 1)]
  return backend.moved(x, shape, (ref, dtype) =>
    backend.builder.node('GatherV2', [ref, backend.ref(indices), backend.builder.int(axis)], {
      Tparams: type(dtype),
      Tindices: type('int32'),
      Taxis: type('int32'),
      batch_dims: { int: batchDims },
    }),
  )
}

table.UnsortedSegmentSum = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const segments = input(inputs, 'segmentIds')
  const count = attrs.numSegments as number
  const [rows, ids] = [backend.ref(x), backend.ref(segments)]
  const ref = backend.builder.node('UnsortedSegmentSum', [rows, ids, backend.builder.int(count)], {
    T: type(x.dtype),
    Tindices: type('int32'),
    Tnumsegments: type('int32'),
  })
  if (rankOf(x) === 2 && rankOf(segments) === 1) backend.gradients.noteRowSum(ref, rows, ids, x.shape, count)
  return backend.output([count, ...x.shape.slice(rankOf(segments))], x.dtype, ref)
}

table.OneHot = (inputs, attrs, backend) => {
  const indices = input(inputs, 'indices')
  const depth = attrs.depth as number
  const dtype = ((attrs.dtype as tf.DataType | undefined) ?? 'int32') as 'float32' | 'int32'
  const on = backend.builder.constant([attrs.onValue as number], [], dtype)
  const off = backend.builder.constant([attrs.offValue as number], [], dtype)
  const ref = backend.builder.node('OneHot', [backend.ref(indices), backend.builder.int(depth), on, off], {
    T: type(dtype),
    TI: type('int32'),
    axis: { int: -1 },
  })
  return backend.output([...indices.shape, depth], dtype, ref)
}

table.Tile = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const reps = attrs.reps as number[]
  if (reps.every((n) => n === 1)) return backend.share(x)
  const ref = backend.builder.node('Tile', [backend.ref(x), backend.builder.ints(reps)], {
    T: type(x.dtype),
    Tmultiples: type('int32'),
  })
  return backend.output(
    x.shape.map((size, i) => size * (reps[i] as number)),
    x.dtype,
    ref,
  )
}

table.BroadcastTo = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const shape = attrs.shape as number[]
  const ref = backend.builder.node('BroadcastTo', [backend.ref(x), backend.builder.ints(shape)], {
    T: type(x.dtype),
    Tidx: type('int32'),
  })
  return backend.output(shape, x.dtype, ref)
}

table.Select = (inputs, _, backend) => {
  const condition = input(inputs, 'condition')
  const yes = input(inputs, 't')
  const no = input(inputs, 'e')
  const ref = backend.builder.node('SelectV2', [backend.ref(condition), backend.ref(yes), backend.ref(no)], {
    T: type(yes.dtype),
  })
  return backend.output(broadcast(condition.shape, broadcast(yes.shape, no.shape)), yes.dtype, ref)
}

table.ClipByValue = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const bound = (name: string) => backend.builder.constant([attrs[name] as number], [], x.dtype as 'float32')
  const ref = backend.builder.node('ClipByValue', [backend.ref(x), bound('clipValueMin'), bound('clipValueMax')], {
    T: type(x.dtype),
  })
  return backend.output(x.shape, x.dtype, ref)
}

// ---- Operations of our own (see nn/): TensorFlow has them, tfjs does not ----

/** A tensor that waits for others: nn/order.ts. The edges keep TensorFlow from merging what follows with an equal node. */
table.AttuneAfter = ({ x, ...others }, _, backend) => {
  const awaited = input({ x } as Inputs, 'x')
  const waits = Object.values(others).map((other) => `^${backend.ref(other).split(':')[0]}`)
  const ref = backend.builder.node('Identity', [backend.ref(awaited), ...new Set(waits)], { T: type(awaited.dtype) })
  return backend.output(awaited.shape, awaited.dtype, ref)
}

/** Rows of a variable written where it lies: nn/update-rows.ts. InplaceUpdate's output is its input's own buffer. */
table.AttuneUpdateRows = (inputs, _, backend) => {
  const x = input(inputs, 'x')
  const half = backend.exactHalf(x)
  const rows = backend.ref(input(inputs, 'rows'))
  const read = half ?? backend.ref(x)
  const done = backend.builder.node(
    'InplaceUpdate',
    [read, backend.ref(input(inputs, 'index')), half === null ? rows : backend.cast(rows, 'float32', 'bfloat16')],
    { T: type(half === null ? x.dtype : 'bfloat16') },
  )
  const value = half === null ? done : backend.widened(done)
  backend.noteWritten(value, x, done)
  return backend.output(x.shape, x.dtype, value)
}

/** Half the sum of squares in one pass: nn/norms. */
table.AttuneL2Loss = (inputs, _, backend) => {
  const x = input(inputs, 'x')
  return backend.output([], 'float32', backend.builder.node('L2Loss', [backend.ref(x)], { T: type('float32') }))
}

/** √Σx² over one axis, in one pass: nn/mean-squares.ts. */
table.AttuneEuclideanNorm = (inputs, attrs, backend) => {
  const x = input(inputs, 'x')
  const axis = attrs.axis as number
  const ref = backend.builder.node('EuclideanNorm', [backend.ref(x), backend.builder.ints([axis])], {
    T: type('float32'),
    Tidx: type('int32'),
    keep_dims: { bool: false },
  })
  return backend.output(x.shape.toSpliced(axis, 1), 'float32', ref)
}

/** Mean cross-entropy and its gradient in one node: nn/losses. Outputs loss [n] and d loss/d logits [n, classes]. */
table.AttuneSparseSoftmaxCrossEntropy = (inputs, _, backend) => {
  const logits = input(inputs, 'logits')
  const ref = backend.builder.node(
    'SparseSoftmaxCrossEntropyWithLogits',
    [backend.ref(logits), backend.ref(input(inputs, 'labels'))],
    {
      T: type('float32'),
      Tlabels: type('int32'),
    },
  )
  return [
    backend.output([logits.shape[0] as number], 'float32', ref),
    backend.output(logits.shape, 'float32', `${ref}:1`),
  ]
}

/**
 * Which elements dropout keeps, by 16 bits of Philox4x32-10 each: nn/keep-mask.ts. `state` is int32 [2], seed and step.
 * Outputs 0 or `scale`.
 */
table.AttuneKeepMask = (inputs, attrs, backend) => {
  const { builder } = backend
  const shape = attrs.shape as number[]
  const size = tf.util.sizeFromShape(shape)
  const words = Math.ceil(size / 2)
  const { key, counter } = philoxPlace(backend, input(inputs, 'state'), attrs.stream as number)
  const bits = builder.node('StatelessRandomUniformFullIntV2', [builder.ints([words]), key, counter, builder.int(1)], {
    dtype: type('int32'),
    Tshape: type('int32'),
  })
  const halves = builder.node('Bitcast', [bits], { T: type('int32'), type: type('uint16') })
  const reshape = (ref: Ref, to: number[]) =>
    builder.node('Reshape', [ref, builder.ints(to)], { T: type('uint16'), Tshape: type('int32') })
  const drawn =
    size % 2 === 0
      ? reshape(halves, shape)
      : reshape(
          builder.node('Slice', [reshape(halves, [2 * words]), builder.ints([0]), builder.ints([size])], {
            T: type('uint16'),
            Index: type('int32'),
          }),
          shape,
        )
  const threshold = builder.node('Const', [], {
    dtype: type('uint16'),
    value: {
      tensor: {
        dtype: 'uint16',
        shape: [],
        content: new Uint8Array(Uint16Array.of(attrs.threshold as number).buffer),
      },
    },
  })
  const kept = builder.node('GreaterEqual', [drawn, threshold], { T: type('uint16') })
  const ones = builder.node('Cast', [kept], { SrcT: type('bool'), DstT: type('float32'), Truncate: { bool: false } })
  const scale = builder.constant([attrs.scale as number], [], 'float32')
  return backend.output(shape, 'float32', builder.node('Mul', [ones, scale], { T: type('float32') }))
}

/** Key (seed, stream) and counter (block, 0, step, 0) of a draw, as TensorFlow's stateless operations take them. */
function philoxPlace(backend: TraceBackend, stateInfo: tf.TensorInfo, stream: number): { key: Ref; counter: Ref } {
  const { builder } = backend
  const state = backend.ref(stateInfo)
  const part = (index: number) =>
    builder.node('Slice', [state, builder.ints([index]), builder.ints([1])], { T: type('int32'), Index: type('int32') })
  const joined = (parts: Ref[], shape: number[]) => {
    const flat = builder.node('ConcatV2', [...parts, builder.int(0)], {
      N: { int: parts.length },
      T: type('int32'),
      Tidx: type('int32'),
    })
    const pairs = builder.node('Reshape', [flat, builder.ints(shape)], { T: type('int32'), Tshape: type('int32') })
    return builder.node('Bitcast', [pairs], { T: type('int32'), type: type('uint64') })
  }
  return {
    key: joined([part(0), builder.constant([stream], [1], 'int32')], [1, 2]),
    counter: joined([builder.ints([0, 0]), part(1), builder.constant([0], [1], 'int32')], [2, 2]),
  }
}

/** Registers every kernel for the trace backend. Idempotent: tfjs warns on a second registration, so it is asked first. */
export function registerTraceKernels(): void {
  for (const [kernelName, emit] of Object.entries(table)) {
    if (tf.getKernel(kernelName, traceBackendName)) continue
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: ({ inputs, attrs, backend }) =>
        emit(inputs as Inputs, (attrs ?? {}) as Attrs, backend as TraceBackend),
    })
  }
}
