import { bytes, concat, type Field, float, int, message, text } from './protobuf.ts'

/** TensorFlow's DataType numbers (tensorflow/core/framework/types.proto). */
export const dataTypes = {
  float32: 1,
  int32: 3,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  resource: 20,
  uint64: 23,
} as const
export type DataType = keyof typeof dataTypes

/** Where a value comes from: "node" or "node:1" for a second output; "^node" waits for it. */
export type Ref = string

export type Attr =
  | { readonly type: DataType }
  | { readonly bool: boolean }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly shape: readonly number[] }
  | { readonly tensor: { dtype: DataType; shape: readonly number[]; content: Uint8Array } }

/** A node as it was emitted. Inputs are earlier nodes; those with "^" are only waited for. */
export interface GraphNode {
  readonly name: string
  readonly op: string
  readonly inputs: readonly Ref[]
  readonly attrs: Readonly<Record<string, Attr>>
}

/** What a node's output holds, as far as the emitter said so. */
export interface OutputSpec {
  readonly shape: readonly number[]
  readonly dtype: DataType
}

/** Version of the graph format that we write for: the one of TensorFlow 2.15. */
const graphProducer = 1645
const tensorFlowVersion = '2.15.1'

/**
 * Collects the nodes of a TensorFlow GraphDef (tensorflow/core/framework/graph.proto) and writes them as a SavedModel.
 * Nodes may only refer to earlier ones, so the graph has no cycles by construction.
 */
export class GraphBuilder {
  readonly nodes: GraphNode[] = []
  readonly outputs = new Map<Ref, OutputSpec>()
  private readonly names = new Set<string>()
  private readonly constants = new Map<string, Ref>()

  node(op: string, inputs: readonly Ref[], attrs: Readonly<Record<string, Attr>> = {}, name?: string): Ref {
    const unique = name ?? `${op}_${this.names.size}`
    if (this.names.has(unique)) throw new Error(`two graph nodes are named "${unique}"`)
    this.names.add(unique)
    this.nodes.push({ name: unique, op, inputs, attrs })
    return unique
  }

  /** A literal. Uniform tensors become a Fill, and equal small literals one node. */
  constant(values: ArrayLike<number>, shape: readonly number[], dtype: 'float32' | 'int32' | 'bool'): Ref {
    if (values.length > 1 && isUniform(values)) return this.fill(values[0] as number, shape, dtype)
    const key = values.length <= 16 ? `${dtype}[${shape.join()}]${Array.from(values, literalKey).join()}` : null
    const known = key === null ? undefined : this.constants.get(key)
    if (known !== undefined) return known
    const array =
      dtype === 'float32'
        ? Float32Array.from(values)
        : dtype === 'int32'
          ? Int32Array.from(values)
          : Uint8Array.from(values)
    const content = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    const ref = this.node('Const', [], { dtype: { type: dtype }, value: { tensor: { dtype, shape, content } } })
    if (key !== null) this.constants.set(key, ref)
    return ref
  }

  fill(value: number, shape: readonly number[], dtype: 'float32' | 'int32' | 'bool'): Ref {
    if (shape.length === 0) return this.constant([value], [], dtype)
    const dims = this.ints(shape)
    return this.node('Fill', [dims, this.constant([value], [], dtype)], {
      T: { type: dtype },
      index_type: { type: 'int32' },
    })
  }

  /** A vector of int32, the form in which shapes, axes and permutations are given to operations. */
  ints(values: readonly number[]): Ref {
    const key = `ints[${values.join()}]`
    const known = this.constants.get(key)
    if (known !== undefined) return known
    const content = new Uint8Array(Int32Array.from(values).buffer)
    const ref = this.node('Const', [], {
      dtype: { type: 'int32' },
      value: { tensor: { dtype: 'int32', shape: [values.length], content } },
    })
    this.constants.set(key, ref)
    return ref
  }

  int(value: number): Ref {
    return this.constant([value], [], 'int32')
  }

  /** The whole as saved_model.pb with the tag "serve" (tensorflow/core/protobuf/{saved_model,meta_graph}.proto). */
  toSavedModel(): Uint8Array {
    const graph = concat([...this.nodes.map(encodeNode), message(4, [int(1, graphProducer)])])
    const info = [text(4, 'serve'), text(5, tensorFlowVersion)]
    return concat([int(1, 1), message(2, [message(1, info), bytes(2, graph)])])
  }
}

function isUniform(values: ArrayLike<number>): boolean {
  const first = values[0]
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return false
  return true
}

function literalKey(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function encodeNode({ name, op, inputs, attrs }: GraphNode): Field {
  const fields = [text(1, name), text(2, op), ...inputs.map((input) => text(3, input))]
  for (const [key, attr] of Object.entries(attrs))
    fields.push(message(5, [text(1, key), message(2, [encodeAttr(attr)])]))
  return message(1, fields)
}

function encodeShape(shape: readonly number[]): Field[] {
  return shape.map((size) => message(2, [int(1, size)]))
}

function encodeAttr(attr: Attr): Field {
  if ('string' in attr) return text(2, attr.string)
  if ('int' in attr) return int(3, attr.int)
  if ('float' in attr) return float(4, attr.float)
  if ('floats' in attr)
    return message(
      1,
      attr.floats.map((value) => float(4, value)),
    )
  if ('bool' in attr) return int(5, attr.bool)
  if ('type' in attr) return int(6, dataTypes[attr.type])
  if ('shape' in attr) return message(7, encodeShape(attr.shape))
  const { dtype, shape, content } = attr.tensor
  return message(8, [int(1, dataTypes[dtype]), message(2, encodeShape(shape)), bytes(4, content)])
}
