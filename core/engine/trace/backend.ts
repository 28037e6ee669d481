import * as tf from '@tensorflow/tfjs-core'
import type { Precision } from '../engine.ts'
import type { DataType, GraphBuilder, Ref } from '../graph/graph-builder.ts'
import { usesKernels } from '../native/load.ts'
import { GradientForms } from './gradient-forms.ts'
import { Sums } from './sums.ts'

export const traceBackendName = 'trace'

type TraceDType = 'float32' | 'int32' | 'bool'

/** What a traced tensor is: an output of a node, literal values, or one value everywhere. */
interface Traced {
  readonly shape: readonly number[]
  readonly dtype: TraceDType
  readonly values: tf.backend_util.BackendValues | null
  readonly uniform: number | null
  ref: Ref | null
  /** The graph that `ref` belongs to. */
  graph: GraphBuilder | null
  /** The same data in other shapes, by shape. */
  views: Map<string, Ref>
  references: number
}

/**
 * A tfjs backend that computes nothing: its kernels infer shapes and emit graph nodes into the builder of the trace
 * under way. tfjs's autodiff runs on top of it unchanged, so a program and its gradients come out as one graph.
 */
export class TraceBackend extends tf.KernelBackend {
  private readonly data = new tf.DataStorage<Traced>(this as tf.KernelBackend, tf.engine())
  private graph: GraphBuilder | null = null
  /** Of the matrix products in the trace under way. */
  precision: Precision = 'fp32'
  /** Whether engine/native/kernels are there. */
  readonly fusedKernels: boolean = usesKernels()
  /** The bfloat16 node beside a float32 one. */
  private readonly halves = new Map<Ref, Ref>()
  /** Those of them that hold all there is: the float32 node is made from the bfloat16 one. */
  private readonly exact = new Map<Ref, Ref>()
  /** What was written into a variable in place, by the node that stands for the variable's new value. */
  private readonly written = new Map<Ref, { read: Ref; done: Ref }>()
  /** Additions of float32. */
  readonly sums = new Sums(this.fusedKernels)
  /** Shorter forms of gradients that nodes stand for. */
  readonly gradients = new GradientForms()

  get builder(): GraphBuilder {
    if (!this.graph) throw new Error('a traced operation ran outside of a trace')
    return this.graph
  }

  /** A tensor that is the output of a node. */
  output(shape: readonly number[], dtype: tf.DataType, ref: Ref): tf.TensorInfo {
    const traced = checkDType(dtype)
    this.builder.outputs.set(ref, { shape, dtype: traced })
    return this.register({
      shape,
      dtype: traced,
      values: null,
      uniform: null,
      ref,
      graph: this.builder,
      views: new Map(),
      references: 1,
    })
  }

  /** A tensor of one value everywhere; becomes a Fill if it is ever used. */
  uniform(shape: readonly number[], dtype: tf.DataType, value: number): tf.TensorInfo {
    return this.register({
      shape,
      dtype: checkDType(dtype),
      values: null,
      uniform: value,
      ref: null,
      graph: null,
      views: new Map(),
      references: 1,
    })
  }

  /** The node that a tensor comes from; literals are emitted on first use. */
  ref(x: tf.TensorInfo): Ref {
    const traced = this.emitted(x)
    return this.view(traced, traced.ref, traced.dtype, x.shape)
  }

  /** The operand of a matrix product in this trace's precision: a tensor is rounded once, however often it is used. */
  factor(x: tf.TensorInfo): Ref {
    if (this.precision === 'fp32') return this.ref(x)
    const traced = this.emitted(x)
    const half = this.halves.get(traced.ref) ?? this.cast(traced.ref, 'float32', 'bfloat16')
    this.halves.set(traced.ref, half)
    return this.view(traced, half, 'bfloat16', x.shape)
  }

  /** A matrix product as a float32 tensor. */
  product(shape: readonly number[], ref: Ref): tf.TensorInfo {
    if (this.precision === 'fp32') return this.output(shape, 'float32', ref)
    this.builder.outputs.set(ref, { shape, dtype: 'bfloat16' })
    return this.output(shape, 'float32', this.cast(ref, 'bfloat16', 'float32'))
  }

  /** A float32 node for a bfloat16 one; products take the latter as it is. */
  widened(half: Ref): Ref {
    const full = this.cast(half, 'bfloat16', 'float32')
    this.halves.set(full, half)
    this.exact.set(full, half)
    return full
  }

  /** The bfloat16 node that a tensor was widened from, in the tensor's own shape; null for any other. */
  exactHalf(x: tf.TensorInfo): Ref | null {
    const traced = this.data.get(x.dataId)
    const half = traced.ref === null ? undefined : this.exact.get(traced.ref)
    return half === undefined ? null : this.view(traced, half, 'bfloat16', x.shape)
  }

  /** The result of an operation that only moves numbers: `node` is given the tensor and its type, and told of both. */
  moved(x: tf.TensorInfo, shape: readonly number[], node: (ref: Ref, dtype: DataType) => Ref): tf.TensorInfo {
    const half = this.exactHalf(x)
    if (half === null) return this.output(shape, x.dtype, node(this.ref(x), x.dtype as DataType))
    const moved = node(half, 'bfloat16')
    this.builder.outputs.set(moved, { shape, dtype: 'bfloat16' })
    return this.output(shape, x.dtype, this.widened(moved))
  }

  /** Tells that `done` wrote into the variable that `x` was read from, and that `value` stands for what came of it. */
  noteWritten(value: Ref, x: tf.TensorInfo, done: Ref): void {
    const ref = this.emitted(x).ref
    this.written.set(value, { read: this.exact.get(ref) ?? ref, done })
  }

  /** The node that wrote `value` into the variable that `read` read, once; null for a value that is none of those. */
  takeWritten(value: tf.TensorInfo, read: Ref): Ref | null {
    const { ref } = this.emitted(value)
    const found = this.written.get(ref)
    if (found?.read !== read) return null
    this.written.delete(ref)
    return found.done
  }

  /** How many values were written in place that nobody took. */
  get unassigned(): number {
    return this.written.size
  }

  cast(ref: Ref, from: DataType, to: DataType): Ref {
    return this.builder.node('Cast', [ref], { SrcT: { type: from }, DstT: { type: to }, Truncate: { bool: false } })
  }

  begin(graph: GraphBuilder, precision: Precision): void {
    this.graph = graph
    this.precision = precision
    this.forget()
  }

  end(): void {
    this.graph = null
    this.forget()
  }

  private forget(): void {
    this.halves.clear()
    this.exact.clear()
    this.written.clear()
    this.sums.forget()
    this.gradients.forget()
  }

  private emitted(x: tf.TensorInfo): Traced & { ref: Ref } {
    const traced = this.data.get(x.dataId)
    if (traced.ref === null || traced.graph !== this.builder) {
      if (traced.uniform !== null) traced.ref = this.builder.fill(traced.uniform, traced.shape, traced.dtype)
      else if (traced.values)
        traced.ref = this.builder.constant(traced.values as ArrayLike<number>, traced.shape, traced.dtype)
      else throw new Error(`a tensor of shape [${x.shape}] belongs to another trace`)
      traced.graph = this.builder
      traced.views.clear()
    }
    return traced as Traced & { ref: Ref }
  }

  private view(traced: Traced, ref: Ref, dtype: DataType, shape: readonly number[]): Ref {
    if (sameShape(traced.shape, shape)) return ref
    const key = `${dtype}[${shape}]`
    const known = traced.views.get(key)
    if (known !== undefined) return known
    const attrs = { T: { type: dtype }, Tshape: { type: 'int32' } } as const
    const made = this.builder.node('Reshape', [ref, this.builder.ints(shape)], attrs)
    traced.views.set(key, made)
    return made
  }

  /** The value that fills a tensor, where it is known without running the graph. */
  uniformValue(x: tf.TensorInfo): number | null {
    return this.data.get(x.dataId).uniform
  }

  /** The same data again, under the same or another shape. */
  share(x: tf.TensorInfo, shape: number[] = x.shape): tf.TensorInfo {
    this.incRef(x.dataId)
    return { dataId: x.dataId, shape, dtype: x.dtype }
  }

  private register(traced: Traced): tf.TensorInfo {
    const dataId = {}
    this.data.set(dataId, traced)
    return { dataId, shape: [...traced.shape], dtype: traced.dtype }
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): object {
    const dataId = {}
    this.move(dataId, values, shape, dtype, 1)
    return dataId
  }

  override move(
    dataId: object,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    this.data.set(dataId, {
      shape,
      dtype: checkDType(dtype),
      values,
      uniform: null,
      ref: null,
      graph: null,
      views: new Map(),
      references,
    })
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    const { values, uniform, shape } = this.data.get(dataId)
    if (values) return values
    if (uniform !== null) return new Float32Array(tf.util.sizeFromShape([...shape])).fill(uniform)
    throw new Error('a program read a computed value while it was traced: programs may not depend on data')
  }

  override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId)
  }

  override disposeData(dataId: object, force = false): boolean {
    if (!this.data.has(dataId)) return true
    const traced = this.data.get(dataId)
    traced.references--
    if (!force && traced.references > 0) return false
    this.data.delete(dataId)
    return true
  }

  override incRef(dataId: object): void {
    this.data.get(dataId).references++
  }

  override refCount(dataId: object): number {
    return this.data.has(dataId) ? this.data.get(dataId).references : 0
  }

  override numDataIds(): number {
    return this.data.numDataIds()
  }

  override floatPrecision(): 16 | 32 {
    return 32
  }

  override epsilon(): number {
    return 1e-7
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true }
  }

  override dispose(): void {}
}

function checkDType(dtype: tf.DataType): TraceDType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype
  throw new Error(`tensors of type ${dtype} cannot be traced`)
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i])
}
