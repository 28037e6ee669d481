import type { GraphBuilder, GraphNode, OutputSpec, Ref } from '../graph/graph-builder.ts'

/** Bytes of one number; resources are handles. */
const numberBytes: Readonly<Record<OutputSpec['dtype'], number>> = {
  float32: 4,
  int32: 4,
  string: 0,
  int64: 8,
  bool: 1,
  bfloat16: 2,
  uint16: 2,
  resource: 0,
  uint64: 8,
}

export function numbersIn({ shape }: OutputSpec): number {
  return shape.reduce((product, size) => product * size, 1)
}

export function bytesOf(spec: OutputSpec): number {
  return numbersIn(spec) * numberBytes[spec.dtype]
}

/** The node that an input comes from, be it data or only waited for. */
export function nodeOf(ref: Ref): string {
  return (ref.startsWith('^') ? ref.slice(1) : ref).split(':')[0] as string
}

export const isData = (ref: Ref) => !ref.startsWith('^')

type Infer = (node: GraphNode, inputs: readonly OutputSpec[], literal: (input: number) => number[]) => OutputSpec

const typeOf = ({ attrs }: GraphNode, name: string) => (attrs[name] as { type: OutputSpec['dtype'] }).type
const shapeOf = ({ attrs }: GraphNode) => (attrs.shape as { shape: readonly number[] }).shape
const like: Infer = (_, [first]) => first as OutputSpec
const widest: Infer = (_, inputs) => ({
  shape: inputs.map(({ shape }) => shape).reduce(broadcast),
  dtype: (inputs[0] as OutputSpec).dtype,
})

/** Operations that the engine emits itself; those of tfjs's kernels say what they give. */
const rules: Readonly<Record<string, Infer>> = {
  Const: ({ attrs }) => (attrs.value as { tensor: OutputSpec }).tensor,
  Placeholder: (node) => ({ shape: shapeOf(node), dtype: typeOf(node, 'dtype') }),
  VarHandleOp: () => ({ shape: [], dtype: 'resource' }),
  Fill: (_, inputs, literal) => ({ shape: literal(0), dtype: (inputs[1] as OutputSpec).dtype }),
  Reshape: (_, inputs, literal) => ({ shape: literal(1), dtype: (inputs[0] as OutputSpec).dtype }),
  Slice: (_, inputs, literal) => ({ shape: literal(2), dtype: (inputs[0] as OutputSpec).dtype }),
  StatelessRandomUniformFullIntV2: (node, _, literal) => ({ shape: literal(0), dtype: typeOf(node, 'dtype') }),
  Cast: (node, inputs) => ({ shape: (inputs[0] as OutputSpec).shape, dtype: typeOf(node, 'DstT') }),
  Bitcast: (node, [from]) => bitcast(from as OutputSpec, typeOf(node, 'type')),
  ConcatV2: (_, inputs) => joined(inputs.slice(0, -1)),
  GreaterEqual: (node, inputs, literal) => ({ ...widest(node, inputs, literal), dtype: 'bool' }),
  Identity: like,
  DeepCopy: like,
  InplaceUpdate: like,
  Mul: widest,
  AddV2: widest,
  Sub: widest,
  AttuneStore: (node, [value]) => ({ shape: (value as OutputSpec).shape, dtype: typeOf(node, 'T') }),
  AttuneAdamW: () => ({ shape: [], dtype: 'float32' }),
}

/** What every output of every node is. Operations that only change variables have none. */
export function outputsOf({ nodes, outputs: told }: Pick<GraphBuilder, 'nodes' | 'outputs'>): Map<Ref, OutputSpec> {
  const outputs = new Map(told)
  const byName = new Map(nodes.map((node) => [node.name, node]))
  for (const node of nodes) {
    if (outputs.has(node.name)) continue
    if (node.op === 'ReadVariableOp') {
      const handle = byName.get(nodeOf(node.inputs[0] as Ref)) as GraphNode
      outputs.set(node.name, { shape: shapeOf(handle), dtype: typeOf(node, 'dtype') })
      continue
    }
    const data = node.inputs.filter(isData)
    const literal = (input: number) => integers(byName.get(nodeOf(data[input] as Ref)) as GraphNode)
    const specs = data.map((ref) => outputs.get(ref)).filter((spec) => spec !== undefined)
    const infer = rules[node.op]
    if (infer) outputs.set(node.name, infer(node, specs, literal))
    else if (!changesVariables(node)) throw new Error(`what the operation ${node.op} gives is not known`)
  }
  return outputs
}

/** Whether a node works on variables where they lie, or gives them new values. */
export function changesVariables({ op }: GraphNode): boolean {
  return op.startsWith('Assign') || op.startsWith('ResourceApply') || op === 'AttuneAdamW'
}

/** The values of a constant of int32. */
export function integers({ attrs }: GraphNode): number[] {
  const { content } = (attrs.value as { tensor: { content: Uint8Array } }).tensor
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  return Array.from({ length: content.byteLength / 4 }, (_, i) => view.getInt32(4 * i, true))
}

function broadcast(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a.at(i - rank) ?? 1, b.at(i - rank) ?? 1]
    return x === 1 ? y : x
  })
}

/** The last axis goes or comes where the types have different sizes. */
function bitcast({ shape, dtype }: OutputSpec, to: OutputSpec['dtype']): OutputSpec {
  const [from, into] = [numberBytes[dtype], numberBytes[to]]
  if (into > from) return { shape: shape.slice(0, -1), dtype: to }
  return { shape: into < from ? [...shape, from / into] : shape, dtype: to }
}

/** Along the first axis: the engine itself joins vectors only. */
function joined(parts: readonly OutputSpec[]): OutputSpec {
  const [first] = parts as [OutputSpec]
  const length = parts.reduce((sum, { shape }) => sum + (shape[0] as number), 0)
  return { shape: [length, ...first.shape.slice(1)], dtype: first.dtype }
}
