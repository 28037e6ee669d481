import { type AdamWScalars, momentNames, type Update } from '../engine.ts'
import type { TraceBackend } from '../trace/backend.ts'
import type { Ref } from './graph-builder.ts'

type AdamWUpdate = Extract<Update, { kind: 'adamw' }>

/**
 * All AdamW updates of a program as one node (engine/native/kernels/optimizer.cc), which reads each gradient once and
 * scales it as it does: gradients that a program has multiplied with one scalar, as clipping does, are taken from before,
 * and those of embeddings without the rows that are zero.
 */
export function emitFusedAdamW(
  backend: TraceBackend,
  handle: (name: string) => Ref,
  /** The edges that make a node wait until the variable has been read. */
  afterRead: (name: string) => Ref[],
  updates: readonly AdamWUpdate[],
  { learningRate, stepSize, epsilonHat, beta1, beta2 }: AdamWScalars,
): Ref {
  const { builder } = backend
  const grads = updates.map(({ grad }) => backend.ref(grad))
  const scaled = grads.map((grad) => backend.gradients.scaled(grad))
  const scale = scaled[0]?.by
  const oneScale = scale !== undefined && scaled.every((one) => one?.by === scale)
  const dense = oneScale ? scaled.map((one) => one?.x as Ref) : grads
  const short = dense.map((grad) => backend.gradients.shortSum(builder, grad))
  const noSlots = builder.ints([])
  const inputs = [
    ...updates.map(({ name }) => handle(name)),
    ...updates.map(({ name }) => handle(momentNames(name).m)),
    ...updates.map(({ name }) => handle(momentNames(name).v)),
    ...dense.map((grad, i) => short[i]?.sums ?? grad),
    ...short.map((one) => one?.slots ?? noSlots),
    oneScale ? scale : builder.constant([1], [], 'float32'),
    backend.ref(learningRate),
    backend.ref(stepSize),
    backend.ref(epsilonHat),
    ...updates.flatMap(({ name }) => afterRead(name)),
  ]
  return builder.node('AttuneAdamW', inputs, {
    N: { int: updates.length },
    beta1: { float: beta1 },
    beta2: { float: beta2 },
    rest1: { float: 1 - beta1 },
    rest2: { float: 1 - beta2 },
    decays: { floats: updates.map(({ weightDecay }) => weightDecay) },
  })
}
