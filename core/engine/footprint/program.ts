import type { GraphBuilder, GraphNode, OutputSpec, Ref } from '../graph/graph-builder.ts'
import { bytesOf, changesVariables, integers, isData, nodeOf, numbersIn, outputsOf } from './shapes.ts'

/** How quickly this machine computes, as far as the order and the time of operations depend on it. */
export interface Pace {
  /** Of matrix products, all threads together. */
  readonly flopsPerUs: number
  /** Read and written by operations that move numbers rather than multiply them. */
  readonly bytesPerUs: number
  /** Of starting an operation. */
  readonly startUs: number
}

/** An output of a node that others use. */
export interface Value {
  readonly bytes: number
  /** What memory has to agree in to be taken over: type and count of numbers. */
  readonly form: string
  /** How many inputs take it, the caller's fetch included. */
  readonly uses: number
}

/** What an operation does with memory. */
export type Effect =
  /** Memory for its outputs: of their own, or that of an input at these places where nobody else needs it any more. */
  | { readonly kind: 'make'; readonly over: readonly (readonly number[])[] }
  /** Its output is its first input's memory. */
  | { readonly kind: 'share' }
  /** Its output is the variable's memory. */
  | { readonly kind: 'read'; readonly variable: string }
  /** The variable becomes the value, in the value's memory. */
  | { readonly kind: 'assign'; readonly variable: string }
  /** Variables are changed where they lie, or copied first where somebody still reads them. */
  | { readonly kind: 'update'; readonly variables: readonly string[] }
  | { readonly kind: 'none' }

/** A node as the executor sees it. Values and nodes are numbered. */
export interface Work {
  readonly op: string
  readonly effect: Effect
  /** µs that it would take alone. */
  readonly cost: number
  /** TensorFlow runs it at once in the thread that made it ready. */
  readonly inline: boolean
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly followers: readonly number[]
  /** Inputs, data or not, that it waits for. */
  readonly waits: number
}

/** What running some fetches comes to. */
export interface CompiledProgram {
  readonly work: readonly Work[]
  readonly values: readonly Value[]
  /** Bytes of each constant that its executor keeps, folded ones included. */
  readonly constants: readonly number[]
  /** Constants that variables are set to: value number to place in `constants`. */
  readonly constantValues: ReadonlyMap<number, number>
}

const shares: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'Bitcast', 'InplaceUpdate'])
/** Kernels whose one output may lie in any input's memory (OpKernelContext::forward_input_or_allocate_output). */
const elementwise: ReadonlySet<string> = new Set([
  ...['Abs', 'AddN', 'AddV2', 'Ceil', 'ClipByValue', 'Cos', 'Erf', 'Exp', 'Floor', 'Log', 'Log1p', 'LogSoftmax'],
  ...['Maximum', 'Minimum', 'Mul', 'Neg', 'Pow', 'RealDiv', 'Reciprocal', 'Relu', 'Rsqrt', 'Sigmoid', 'Sign', 'Sin'],
  ...['AttuneSum', 'Softmax', 'Softplus', 'Sqrt', 'Square', 'SquaredDifference', 'Sub', 'Tanh'],
])
/** Of our own kernels, by output: the inputs whose memory it may lie in (engine/native/kernels, outputOver). */
const ownOver: Readonly<Record<string, readonly (readonly number[])[]>> = {
  AttuneBiasActivationGrad: [[0]],
  AttuneLayerNormGrad: [[0]],
  AttuneResidualNorm: [[], [0]],
  AttuneResidualNormGrad: [[0], [1]],
  AttuneAttentionSoftmax: [[0]],
  AttuneAttentionSoftmaxGrad: [[0]],
  AttuneDropout: [[0]],
  AttuneResidual: [[0]],
  AttuneResidualGrad: [[0]],
  AttuneCrossEntropy: [[], [0]],
  AttuneLstm: [[], [], [], [0]],
  AttuneLstmGrad: [[3]],
  AttuneGru: [[], [], [0]],
  AttuneGruGrad: [[2]],
}
/** Steps through time, by their inputs [batch, steps, gates·units] and [gates·units, units]: a product of each step's gates. */
const recurrences: Readonly<Record<string, readonly [gates: number, weight: number]>> = {
  AttuneLstm: [0, 1],
  AttuneLstmGrad: [3, 5],
  AttuneGru: [0, 1],
  AttuneGruGrad: [2, 5],
}
const inline: ReadonlySet<string> = new Set([...shares, 'ReadVariableOp', 'VarHandleOp', 'Placeholder', 'Const'])
/** Operations shorter than 8,000 cycles run where they become ready (kOpIsExpensiveThresholdCycles). */
const inlineUs = 2.5

/** A graph's nodes by name, and what they give: worked out once for all programs of a session. */
export class GraphFacts {
  readonly outputs: ReadonlyMap<Ref, OutputSpec>
  private readonly byName: ReadonlyMap<string, GraphNode>
  private readonly builder: Pick<GraphBuilder, 'nodes' | 'outputs'>
  private readonly outputsByNode = new Map<string, Ref[]>()

  constructor(builder: Pick<GraphBuilder, 'nodes' | 'outputs'>) {
    this.builder = builder
    this.outputs = outputsOf(builder)
    this.byName = new Map(builder.nodes.map((node) => [node.name, node]))
    for (const ref of this.outputs.keys()) {
      const refs = this.outputsByNode.get(nodeOf(ref))
      if (refs) refs.push(ref)
      else this.outputsByNode.set(nodeOf(ref), [ref])
    }
  }

  node(ref: Ref): GraphNode {
    const node = this.byName.get(nodeOf(ref))
    if (!node) throw new Error(`there is no node "${ref}"`)
    return node
  }

  spec(ref: Ref): OutputSpec {
    const spec = this.outputs.get(ref)
    if (!spec) throw new Error(`nothing is known of "${ref}"`)
    return spec
  }

  outputsOfNode(name: string): readonly Ref[] {
    return this.outputsByNode.get(name) ?? []
  }

  /** The nodes that these fetches need, in the order in which they were emitted. */
  needed(fetches: readonly Ref[]): GraphNode[] {
    const names = new Set<string>()
    const open = [...fetches]
    for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
      const name = nodeOf(ref)
      if (names.has(name)) continue
      names.add(name)
      open.push(...this.node(ref).inputs)
    }
    return this.builder.nodes.filter(({ name }) => names.has(name))
  }
}

/** What TensorFlow makes of the nodes that `fetches` need: constants folded and merged, the rest ready to be run. */
export function compileProgram(facts: GraphFacts, fetches: readonly Ref[], pace: Pace): CompiledProgram {
  const needed = facts.needed(fetches)
  const folded = foldedOf(needed)
  const run = needed.filter(({ name }) => !folded.has(name))
  const uses = new Map<Ref, number>()
  for (const ref of [...run.flatMap(({ inputs }) => inputs).filter(isData), ...fetches])
    uses.set(ref, (uses.get(ref) ?? 0) + 1)

  const values: Value[] = []
  const numberOf = new Map<Ref, number>()
  const value = (ref: Ref): number => {
    const known = numberOf.get(ref)
    if (known !== undefined) return known
    const spec = facts.spec(ref)
    values.push({ bytes: bytesOf(spec), form: `${spec.dtype} ${numbersIn(spec)}`, uses: uses.get(ref) ?? 0 })
    numberOf.set(ref, values.length - 1)
    return values.length - 1
  }
  const constants: number[] = []
  const constantValues = new Map<number, number>()
  const places = new Map<string, number>()
  for (const [ref] of uses) {
    const node = facts.node(ref)
    if (!folded.has(node.name)) continue
    // Equal ones are merged; those that are written out were already, by the builder.
    const key = node.op === 'Fill' ? `Fill(${node.inputs})` : node.name
    const place = places.get(key) ?? constants.push(bytesOf(facts.spec(ref))) - 1
    places.set(key, place)
    constantValues.set(value(ref), place)
  }

  const index = new Map(run.map(({ name }, i) => [name, i]))
  const followers: number[][] = run.map(() => [])
  const waits = run.map(({ inputs }, i) => {
    const awaited = inputs.map((ref) => index.get(nodeOf(ref))).filter((node) => node !== undefined)
    for (const node of awaited) followers[node]?.push(i)
    return awaited.length
  })
  const work = run.map((node, i): Work => {
    const outputs = facts.outputsOfNode(node.name)
    const cost = costOf(facts, node, outputs, pace)
    return {
      op: node.op,
      effect: effectOf(facts, node),
      cost,
      inline: inline.has(node.op) || cost < inlineUs,
      inputs: node.inputs.filter((ref) => isData(ref)).map(value),
      outputs: outputs.map(value),
      followers: followers[i] as number[],
      waits: waits[i] as number,
    }
  })
  return { work, values, constants, constantValues }
}

/** Nodes that depend on nothing but constants: their values are worked out once and kept. */
function foldedOf(nodes: readonly GraphNode[]): ReadonlySet<string> {
  const folded = new Set<string>()
  for (const { name, op, inputs } of nodes) {
    if (op === 'Const' || (inputs.length > 0 && inputs.every((ref) => folded.has(nodeOf(ref))))) folded.add(name)
  }
  return folded
}

function effectOf(facts: GraphFacts, node: GraphNode): Effect {
  const { op, inputs } = node
  const variables = () => inputs.filter((ref) => isData(ref) && facts.node(ref).op === 'VarHandleOp').map(nodeOf)
  if (op === 'VarHandleOp' || op === 'Placeholder') return { kind: 'none' }
  if (op === 'ReadVariableOp') return { kind: 'read', variable: nodeOf(inputs[0] as Ref) }
  if (op === 'AssignVariableOp') return { kind: 'assign', variable: nodeOf(inputs[0] as Ref) }
  if (changesVariables(node)) return { kind: 'update', variables: variables() }
  if (shares.has(op) || isRowSlice(facts, node)) return { kind: 'share' }
  const over = elementwise.has(op) ? [inputs.filter(isData).map((_, place) => place)] : (ownOver[op] ?? [])
  return { kind: 'make', over }
}

/** A slice of whole rows is a view: nothing is copied. */
function isRowSlice(facts: GraphFacts, { op, inputs }: GraphNode): boolean {
  if (op !== 'Slice') return false
  const { shape } = facts.spec(inputs[0] as Ref)
  const size = integers(facts.node(inputs[2] as Ref))
  return size.slice(1).every((length, i) => length === shape[i + 1])
}

function costOf(facts: GraphFacts, node: GraphNode, outputs: readonly Ref[], pace: Pace): number {
  const { op, inputs, attrs } = node
  if (inline.has(op)) return 0.1
  const data = inputs.filter(isData).map((ref) => facts.spec(ref))
  const moved = [...data, ...outputs.map((ref) => facts.spec(ref))].reduce((sum, spec) => sum + bytesOf(spec), 0)
  const us = pace.startUs + moved / pace.bytesPerUs
  const recurrence = recurrences[op]
  if (recurrence) {
    const [gates, weight] = recurrence.map((input) => data[input]) as [OutputSpec, OutputSpec]
    return us + (2 * numbersIn(gates) * (weight.shape[1] as number)) / pace.flopsPerUs
  }
  if (!op.includes('MatMul')) return us
  const [{ shape }] = data as [OutputSpec]
  const transposed = [attrs.transpose_a, attrs.adj_x].some((attr) => attr !== undefined && 'bool' in attr && attr.bool)
  const depth = shape.at(transposed ? -2 : -1) as number
  return us + (2 * numbersIn(facts.spec(outputs[0] as Ref)) * depth) / pace.flopsPerUs
}
