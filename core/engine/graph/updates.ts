import type { Tensor } from '@tensorflow/tfjs-core'
import { type AdamWScalars, momentNames, type ProgramResult } from '../engine.ts'
import type { TraceBackend } from '../trace/backend.ts'
import type { GraphBuilder, Ref } from './graph-builder.ts'

const float32 = { type: 'float32' } as const

/**
 * The nodes that change variables; returns those to wait for. Nothing orders nodes in a graph but their edges, so each
 * update waits for its gradient, or at least for the program's own read of the variable (`reads`): a program computes
 * with the values from before. A reader that is still at work keeps the old buffer; TensorFlow then copies on write.
 */
export function emitUpdates(
  backend: TraceBackend,
  builder: GraphBuilder,
  handles: ReadonlyMap<string, Ref>,
  reads: ReadonlyMap<string, Ref>,
  { updates = [], adamw }: ProgramResult,
): Ref[] {
  const handle = (name: string): Ref => {
    const ref = handles.get(name)
    if (!ref) throw new Error(`an update names the variable "${name}", which the session does not have`)
    return ref
  }
  return updates.map((update) => {
    if (update.kind === 'assign') {
      const read = reads.get(update.name)
      const after = read === undefined ? [] : [waitFor(read)]
      return builder.node('AssignVariableOp', [handle(update.name), backend.ref(update.value), ...after], {
        dtype: float32,
      })
    }
    if (!adamw) throw new Error(`the AdamW update of "${update.name}" lacks its scalars`)
    const grad = backend.ref(update.grad)
    const decayed =
      update.weightDecay === 0
        ? []
        : [decay(backend, builder, handle(update.name), grad, adamw.learningRate, update.weightDecay)]
    return applyAdam(backend, builder, update.name, handle, grad, adamw, decayed)
  })
}

/** w ← w − lr·decay·w, once the gradient is there and before the step itself. */
function decay(
  backend: TraceBackend,
  builder: GraphBuilder,
  handle: Ref,
  grad: Ref,
  learningRate: Tensor,
  weightDecay: number,
): Ref {
  const factor = builder.node('Mul', [backend.ref(learningRate), builder.constant([weightDecay], [], 'float32')], {
    T: float32,
  })
  const value = builder.node('ReadVariableOp', [handle, waitFor(grad)], { dtype: float32 })
  const amount = builder.node('Mul', [value, factor], { T: float32 })
  return builder.node('AssignSubVariableOp', [handle, amount], { dtype: float32 })
}

/**
 * TensorFlow's Adam equals PyTorch's when its own bias correction is switched off (powers 0) and the corrections are
 * put into the step size and epsilon.
 */
function applyAdam(
  backend: TraceBackend,
  builder: GraphBuilder,
  name: string,
  handle: (name: string) => Ref,
  grad: Ref,
  scalars: AdamWScalars,
  after: readonly Ref[],
): Ref {
  const { m, v } = momentNames(name)
  const drift = secondMomentDrift(scalars.beta2)
  const corrected = (scalar: Tensor) =>
    builder.node('Mul', [backend.ref(scalar), builder.constant([drift], [], 'float32')], { T: float32 })
  const zero = builder.constant([0], [], 'float32')
  const inputs = [
    ...[handle(name), handle(m), handle(v), zero, zero, corrected(scalars.stepSize)],
    ...[builder.constant([scalars.beta1], [], 'float32'), builder.constant([scalars.beta2], [], 'float32')],
    ...[corrected(scalars.epsilonHat), grad, ...after.map(waitFor)],
  ]
  return builder.node('ResourceApplyAdam', inputs, {
    T: float32,
    use_locking: { bool: false },
    use_nesterov: { bool: false },
  })
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
