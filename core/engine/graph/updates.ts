import type { Tensor } from '@tensorflow/tfjs-core'
import { type AdamWScalars, momentNames, type ProgramResult } from '../engine.ts'
import type { TraceBackend } from '../trace/backend.ts'
import type { GraphBuilder, Ref } from './graph-builder.ts'

const float32 = { type: 'float32' } as const

/**
 * The nodes that change variables, after everything a program computes. Returns those to wait for.
 * An update waits for nothing but its gradient: TensorFlow copies a variable that is still being read.
 */
export function emitUpdates(
  backend: TraceBackend,
  builder: GraphBuilder,
  handles: ReadonlyMap<string, Ref>,
  { updates = [], adamw }: ProgramResult,
): Ref[] {
  const handle = (name: string): Ref => {
    const ref = handles.get(name)
    if (!ref) throw new Error(`an update names the variable "${name}", which the session does not have`)
    return ref
  }
  return updates.map((update) => {
    if (update.kind === 'assign') {
      return builder.node('AssignVariableOp', [handle(update.name), backend.ref(update.value)], { dtype: float32 })
    }
    if (!adamw) throw new Error(`the AdamW update of "${update.name}" lacks its scalars`)
    const decayed =
      update.weightDecay === 0
        ? []
        : [decay(backend, builder, handle(update.name), adamw.learningRate, update.weightDecay)]
    return applyAdam(backend, builder, update.name, handle, update.grad, adamw, decayed)
  })
}

/** w ← w − lr·decay·w, before the step itself. */
function decay(
  backend: TraceBackend,
  builder: GraphBuilder,
  handle: Ref,
  learningRate: Tensor,
  weightDecay: number,
): Ref {
  const factor = builder.node('Mul', [backend.ref(learningRate), builder.constant([weightDecay], [], 'float32')], {
    T: float32,
  })
  const value = builder.node('ReadVariableOp', [handle], { dtype: float32 })
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
  grad: Tensor,
  scalars: AdamWScalars,
  after: readonly Ref[],
): Ref {
  const { m, v } = momentNames(name)
  const zero = builder.constant([0], [], 'float32')
  const inputs = [
    ...[handle(name), handle(m), handle(v), zero, zero, backend.ref(scalars.stepSize)],
    ...[builder.constant([scalars.beta1], [], 'float32'), builder.constant([scalars.beta2], [], 'float32')],
    ...[backend.ref(scalars.epsilonHat), backend.ref(grad), ...after.map((ref) => `^${ref}`)],
  ]
  return builder.node('ResourceApplyAdam', inputs, {
    T: float32,
    use_locking: { bool: false },
    use_nesterov: { bool: false },
  })
}
