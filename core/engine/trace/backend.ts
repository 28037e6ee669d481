import * as tf from '@tensorflow/tfjs-core'
import type { Precision } from '../engine.ts'
import type { DataType, GraphBuilder, Ref } from '../graph/graph-builder.ts'
import { kernelsLoaded } from '../native/kernels.ts'

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

interface ShortSum {
  readonly sums: Ref
  readonly slots: Ref
}

interface RowSum {
  readonly rows: Ref
  readonly ids: Ref
  readonly count: number
  short: ShortSum | null
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
  readonly fusedKernels: boolean = kernelsLoaded()
  /** The bfloat16 node beside a float32 one. */
  private readonly halves = new Map<Ref, Ref>()
  /** What a node is the product of, where one factor is a scalar. */
  private readonly products = new Map<Ref, { x: Ref; by: Ref }>()
  private readonly rowSums = new Map<Ref, RowSum>()

  get builder(): GraphBuilder {
    if (!this.graph) throw new Error('a traced operation ran outside of a trace')
    return this.graph
  }

  /** A tensor that is the output of a node. */
  output(shape: readonly number[], dtype: tf.DataType, ref: Ref): tf.TensorInfo {
    return this.register({
      shape,
      dtype: checkDType(dtype),
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
    return this.output(shape, 'float32', this.precision === 'fp32' ? ref : this.cast(ref, 'bfloat16', 'float32'))
  }

  /** Tells that `half` is what `full` comes to in bfloat16, so that it need not be rounded again. */
  noteHalf(full: Ref, half: Ref): void {
    this.halves.set(full, half)
  }

  /** Tells that `sum` is, row by row of a table, the sum of those of `rows` whose id it is. */
  noteRowSum(sum: Ref, rows: Ref, ids: Ref, count: number): void {
    if (this.fusedKernels) this.rowSums.set(sum, { rows, ids, count, short: null })
  }

  /**
   * Such a sum without the rows that are zero (engine/native/kernels/row-sums.cc): the sums, and for each row of the
   * table which of them it is, or −1. Whoever can work with it need not have a tensor as large as the table.
   */
  shortSum(sum: Ref): ShortSum | undefined {
    const noted = this.rowSums.get(sum)
    if (!noted) return undefined
    noted.short ??= this.emitShortSum(noted)
    return noted.short
  }

  private emitShortSum({ rows, ids, count }: RowSum): ShortSum {
    const node = this.builder.node('AttuneRowSums', [rows, ids], { count: { int: count } })
    return { sums: node, slots: `${node}:1` }
  }

  /** Tells that `product` is x times the scalar `by`. */
  noteScaled(product: Ref, x: Ref, by: Ref): void {
    this.products.set(product, { x, by })
  }

  /** What a node is the product of, if one factor is a scalar: whoever can scale by himself need not wait for it. */
  scaled(product: Ref): { x: Ref; by: Ref } | undefined {
    return this.products.get(product)
  }

  cast(ref: Ref, from: DataType, to: DataType): Ref {
    return this.builder.node('Cast', [ref], { SrcT: { type: from }, DstT: { type: to }, Truncate: { bool: false } })
  }

  begin(graph: GraphBuilder, precision: Precision): void {
    this.graph = graph
    this.precision = precision
    this.halves.clear()
    this.products.clear()
    this.rowSums.clear()
  }

  end(): void {
    this.graph = null
    this.halves.clear()
    this.products.clear()
    this.rowSums.clear()
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
