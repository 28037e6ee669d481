import * as tf from '@tensorflow/tfjs-core'
import type { Program, SessionSpec, TensorSpec, Tensors } from '../engine.ts'
import type { GraphBuilder, Ref } from '../graph/graph-builder.ts'
import { emitUpdates } from '../graph/updates.ts'
import { usesKernels } from '../native/load.ts'
import { TraceBackend, traceBackendName } from './backend.ts'
import { registerFusedKernels } from './fused.ts'
import { registerTraceKernels } from './kernels.ts'

/** Where a traced program begins and ends in the graph. */
export interface TracedProgram {
  /** Placeholder of each feed. */
  readonly feeds: ReadonlyMap<string, { ref: Ref; spec: TensorSpec }>
  /** Node of each fetch; running one runs all of the program's updates too. */
  readonly fetches: ReadonlyMap<string, Ref>
}

/** Makes the trace backend the current one, calls `work`, and puts the former one back. */
export async function withTraceBackend<T>(work: (backend: TraceBackend) => T): Promise<T> {
  if (!tf.engine().findBackendFactory(traceBackendName)) {
    tf.registerBackend(traceBackendName, () => new TraceBackend(), 0)
    registerTraceKernels()
    if (usesKernels()) registerFusedKernels()
  }
  const former = tf.engine().backendName
  await tf.setBackend(traceBackendName)
  try {
    return work(tf.backend() as TraceBackend)
  } finally {
    if (former) await tf.setBackend(former)
  }
}

/**
 * Runs a program once on the trace backend: its operations, gradients and updates become nodes below `name/`.
 * `handles` are the variables' resource nodes.
 */
export function traceProgram(
  backend: TraceBackend,
  builder: GraphBuilder,
  name: string,
  program: Program,
  { variables, precision = 'fp32', halved = [], inPlace = [] }: Omit<SessionSpec, 'optimized' | 'programs'>,
  handles: ReadonlyMap<string, Ref>,
): TracedProgram {
  backend.begin(builder, precision)
  tf.engine().startScope(name)
  try {
    const feeds = new Map<string, { ref: Ref; spec: TensorSpec }>()
    const fed: Record<string, tf.Tensor> = {}
    for (const [feed, spec] of Object.entries(program.feeds)) {
      const ref = builder.node(
        'Placeholder',
        [],
        { dtype: { type: spec.dtype }, shape: { shape: spec.shape } },
        `${name}/feed/${feed}`,
      )
      feeds.set(feed, { ref, spec })
      fed[feed] = tf.engine().makeTensorFromTensorInfo(backend.output(spec.shape, spec.dtype, ref))
    }
    const reads = new Map<string, Ref>()
    const result = program.run(fed, readOnUse(backend, builder, name, variables, new Set(halved), handles, reads))
    const done = emitUpdates(
      backend,
      builder,
      { handles, reads, halved: new Set(halved), inPlace: new Set(inPlace) },
      result,
    )
    if (backend.unassigned > 0)
      throw new Error(`program "${name}" updates rows of a variable without assigning the result to it`)
    const fetches = new Map<string, Ref>()
    for (const [fetch, tensor] of Object.entries(result.fetches)) {
      const waits = done.map((update) => `^${update}`)
      const attrs = { T: { type: tensor.dtype as 'float32' | 'int32' } }
      fetches.set(fetch, builder.node('Identity', [backend.ref(tensor), ...waits], attrs, `${name}/fetch/${fetch}`))
    }
    return { feeds, fetches }
  } finally {
    tf.engine().endScope()
    backend.end()
  }
}

/** Variables as tensors, each read by one node per program, made when it is first asked for and noted in `reads`. */
function readOnUse(
  backend: TraceBackend,
  builder: GraphBuilder,
  name: string,
  variables: Readonly<Record<string, TensorSpec>>,
  halved: ReadonlySet<string>,
  handles: ReadonlyMap<string, Ref>,
  reads: Map<string, Ref>,
): Tensors {
  const tensors: Record<string, tf.Tensor> = {}
  for (const [variable, spec] of Object.entries(variables)) {
    let tensor: tf.Tensor | undefined
    Object.defineProperty(tensors, variable, {
      enumerable: true,
      get() {
        if (tensor) return tensor
        const handle = handles.get(variable)
        if (!handle) throw new Error(`variable "${variable}" has no handle`)
        const stored = halved.has(variable) ? 'bfloat16' : spec.dtype
        const attrs = { dtype: { type: stored } } as const
        const read = builder.node('ReadVariableOp', [handle], attrs, `${name}/read/${variable}`)
        reads.set(variable, read)
        const full = stored === 'bfloat16' ? backend.widened(read) : read
        tensor = tf.engine().makeTensorFromTensorInfo(backend.output(spec.shape, spec.dtype, full)) as tf.Tensor
        return tensor
      },
    })
  }
  return tensors
}
