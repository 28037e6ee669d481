import { type AdamWScalars, momentNames, type ProgramResult, type Update } from '../engine.ts'
import type { TraceBackend } from '../trace/backend.ts'
import { emitFusedAdamW } from './fused-adamw.ts'
import type { GraphBuilder, Ref } from './graph-builder.ts'

const float32 = { type: 'float32' } as const

/** The session's variables, as a program sees them. */
export interface Variables {
  /** Resource node of each. */
  readonly handles: ReadonlyMap<string, Ref>
  /** The program's own reads. */
  readonly reads: ReadonlyMap<string, Ref>
  /** Those kept in bfloat16. */
  readonly halved: ReadonlySet<string>
  /** Those whose memory may be written to. */
  readonly inPlace: ReadonlySet<string>
}

/**
 * The nodes that change variables; returns those to wait for. Nothing orders nodes in a graph but their edges, so each
 * update waits for the program's own read of the variable (`reads`): a program computes with the values from before, also
 * where a gradient does not depend on them, as a bias's may. A reader that is still at work keeps the old buffer;
 * TensorFlow then copies on write.
 */
export function emitUpdates(
  backend: TraceBackend,
  builder: GraphBuilder,
  { handles, reads, halved, inPlace }: Variables,
  { updates = [], adamw }: ProgramResult,
): Ref[] {
  const handle = (name: string): Ref => {
    const ref = handles.get(name)
    if (!ref) throw new Error(`an update names the variable "${name}", which the session does not have`)
    return ref
  }
  /** The edges that make a node wait until the variable has been read. */
  const afterRead = (name: string): Ref[] => {
    const read = reads.get(name)
    return read === undefined ? [] : [waitFor(read)]
  }
  const atOnce = adamw && backend.fusedKernels ? updates.filter((update) => update.kind === 'adamw') : []
  const moved = adamw && atOnce.length > 0 ? [emitFusedAdamW(backend, handle, afterRead, atOnce, adamw)] : []
  const step = adamw && adamwOf(backend, builder, handle, afterRead, adamw)
  const others = updates.filter((update) => moved.length === 0 || update.kind !== 'adamw')
  const changed = others.map((update) => {
    if (update.kind === 'assign') {
      const read = reads.get(update.name)
      // Rows that were written where the variable lies are its new value already.
      const written = read === undefined ? null : backend.takeWritten(update.value, read)
      if (written !== null) {
        if (inPlace.has(update.name)) return written
        throw new Error(`rows of the variable "${update.name}" are updated, but the session does not list it for that`)
      }
      const value = backend.ref(update.value)
      const dtype = { type: halved.has(update.name) ? 'bfloat16' : 'float32' } as const
      const rounded = () => (dtype.type === 'float32' ? value : backend.cast(value, 'float32', 'bfloat16'))
      // A variable takes the value's own memory, which others may share: a constant, or what is assigned to several.
      const own = () =>
        backend.fusedKernels
          ? builder.node('AttuneStore', [value], { T: dtype })
          : builder.node('DeepCopy', [rounded()], { T: dtype })
      const stored = inPlace.has(update.name) ? own() : rounded()
      return builder.node('AssignVariableOp', [handle(update.name), stored, ...afterRead(update.name)], { dtype })
    }
    if (update.kind === 'momentum') return emitMomentum(backend, builder, handle, afterRead, update)
    if (update.kind === 'descend')
      return emitDescend(backend, builder, handle(update.name), afterRead(update.name), update)
    if (!step) throw new Error(`the AdamW update of "${update.name}" lacks its scalars`)
    return step(update.name, backend.ref(update.grad), update.weightDecay)
  })
  return [...moved, ...changed]
}

/** SGD with momentum; the weights are read for their decay when the gradient is there, not before. */
function emitMomentum(
  backend: TraceBackend,
  builder: GraphBuilder,
  handle: (name: string) => Ref,
  afterRead: (name: string) => Ref[],
  { name, buffer, grad, weightDecay, momentum, rate }: Extract<Update, { kind: 'momentum' }>,
): Ref {
  const literal = (value: number) => builder.constant([value], [], 'float32')
  const slope = backend.ref(grad)
  const decayed = () => {
    const present = builder.node('ReadVariableOp', [handle(name), waitFor(slope)], { dtype: float32 })
    const decay = builder.node('Mul', [present, literal(weightDecay)], { T: float32 })
    return builder.node('AddV2', [slope, decay], { T: float32 })
  }
  const inputs = [
    handle(name),
    handle(buffer),
    backend.ref(rate),
    weightDecay === 0 ? slope : decayed(),
    literal(momentum),
    ...afterRead(name),
  ]
  const attrs = { T: float32, use_locking: { bool: false }, use_nesterov: { bool: false } }
  return builder.node('ResourceApplyMomentum', inputs, attrs)
}

/** w ← w − decay·w once the step is worked out, so that no copy of the weights lies about until then; then the step. */
function emitDescend(
  backend: TraceBackend,
  builder: GraphBuilder,
  variable: Ref,
  afterRead: readonly Ref[],
  { step, decay }: Extract<Update, { kind: 'descend' }>,
): Ref {
  const change = backend.ref(step)
  const subtract = (value: Ref, after: readonly Ref[]) =>
    builder.node('AssignSubVariableOp', [variable, value, ...after], { dtype: float32 })
  if (decay === null) return subtract(change, afterRead)
  const present = builder.node('ReadVariableOp', [variable, waitFor(change)], { dtype: float32 })
  const shrunk = subtract(builder.node('Mul', [present, backend.ref(decay)], { T: float32 }), afterRead)
  return subtract(change, [waitFor(shrunk)])
}

/**
 * AdamW as nodes, one call a variable. TensorFlow's Adam equals PyTorch's when its own bias correction is switched off
 * (powers 0) and the corrections are put into step size and epsilon.
 */
function adamwOf(
  backend: TraceBackend,
  builder: GraphBuilder,
  handle: (name: string) => Ref,
  afterRead: (name: string) => Ref[],
  { learningRate, stepSize, epsilonHat, beta1, beta2 }: AdamWScalars,
): (name: string, grad: Ref, weightDecay: number) => Ref {
  const literal = (value: number) => builder.constant([value], [], 'float32')
  const times = (a: Ref, b: Ref) => builder.node('Mul', [a, b], { T: float32 })
  const drift = literal(secondMomentDrift(beta2))
  const size = times(backend.ref(stepSize), drift)
  const epsilon = times(backend.ref(epsilonHat), drift)
  const factors = new Map<number, Ref>()

  /** w ← w − lr·decay·w, once the gradient is there and before the step itself. */
  const decay = (variable: Ref, grad: Ref, weightDecay: number, after: readonly Ref[]): Ref => {
    const factor = factors.get(weightDecay) ?? times(backend.ref(learningRate), literal(weightDecay))
    factors.set(weightDecay, factor)
    const value = builder.node('ReadVariableOp', [variable, waitFor(grad)], { dtype: float32 })
    return builder.node('AssignSubVariableOp', [variable, times(value, factor), ...after], { dtype: float32 })
  }

  return (name, grad, weightDecay) => {
    const { m, v } = momentNames(name)
    const inputs = [
      handle(name),
      handle(m),
      handle(v),
      literal(0),
      literal(0),
      size,
      literal(beta1),
      literal(beta2),
      epsilon,
      grad,
    ]
    const read = afterRead(name)
    const after = weightDecay === 0 ? read : [waitFor(decay(handle(name), grad, weightDecay, read))]
    const attrs = { T: float32, use_locking: { bool: false }, use_nesterov: { bool: false } }
    return builder.node('ResourceApplyAdam', [...inputs, ...after], attrs)
  }
}

/**
 * TensorFlow subtracts β2 from one in float32: for 0.999 its second moment grows by a factor that is 1.3e-5 off, always
 * the same one. The square root of that factor belongs into step size and epsilon.
 */
function secondMomentDrift(beta2: number): number {
  return Math.sqrt(Math.fround(1 - Math.fround(beta2)) / (1 - beta2))
}

/** The control edge from the node that a value comes from. */
function waitFor(ref: Ref): Ref {
  return `^${ref.split(':')[0]}`
}
