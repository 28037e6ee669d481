import { momentNames, type SessionSpec, type TensorSpec } from '../engine.ts'
import { usesKernels } from '../native/load.ts'
import { type TracedProgram, traceProgram, withTraceBackend } from '../trace/trace.ts'
import { GraphBuilder, type Ref } from './graph-builder.ts'

const float32 = { type: 'float32' } as const

/** Every program of a session as one graph, not yet loaded: TensorFlow's library is not needed for it. */
export interface SessionGraph {
  readonly builder: GraphBuilder
  /** All variables, moments included. */
  readonly stored: Readonly<Record<string, TensorSpec>>
  readonly programs: ReadonlyMap<string, TracedProgram>
}

export async function traceSession(spec: SessionSpec): Promise<SessionGraph> {
  const builder = new GraphBuilder()
  const [halved, steady] = [new Set(spec.halved), usesKernels() ? new Set(spec.steady) : new Set()]
  const stored: Record<string, TensorSpec> = { ...spec.variables }
  for (const name of spec.optimized) {
    const variable = spec.variables[name]
    if (!variable) throw new Error(`"${name}" is to be optimised but is no variable of the session`)
    const { m, v } = momentNames(name)
    stored[m] = variable
    stored[v] = variable
  }
  const moments = spec.optimized.flatMap((name) => Object.values(momentNames(name)))
  const handles = new Map(
    Object.entries(stored).map(([name, variable]) => {
      const kept = { halved: halved.has(name), steady: steady.has(name) }
      return [name, emitVariable(builder, name, variable, kept)]
    }),
  )
  emitZero(
    builder,
    moments.map((name) => [handles.get(name) as Ref, stored[name] as TensorSpec]),
  )
  const programs = await withTraceBackend((backend) => {
    const traced = new Map<string, TracedProgram>()
    for (const [name, program] of Object.entries(spec.programs)) {
      traced.set(name, traceProgram(backend, builder, name, program, spec, handles))
    }
    return traced
  })
  return { builder, stored, programs }
}

/** Running it sets all moments to zero; it is fed the zero. */
export const zeroed = { feed: 'zero/feed', done: 'zero/done' } as const

/**
 * One node that sets all these variables to zero. The value is fed and each waits for the one before: were they
 * constants, TensorFlow would keep one of each shape for the session's whole life, and variables of one shape would
 * begin as one buffer, to be copied in the middle of the first step, between the activations.
 */
function emitZero(builder: GraphBuilder, variables: readonly [Ref, TensorSpec][]): void {
  const zero = builder.node('Placeholder', [], { dtype: float32, shape: { shape: [] } }, zeroed.feed)
  let done: readonly Ref[] = []
  for (const [handle, { shape }] of variables) {
    const attrs = { T: float32, index_type: { type: 'int32' } } as const
    const value = builder.node('Fill', [builder.ints(shape), zero, ...done], attrs)
    done = [`^${builder.node('AssignVariableOp', [handle, value], { dtype: float32 })}`]
  }
  builder.node('Identity', [zero, ...done], { T: float32 }, zeroed.done)
}

/** A variable, with its assignment from a feed and its reading; halved, it is kept in bfloat16 and told in float32. */
function emitVariable(
  builder: GraphBuilder,
  name: string,
  { shape, dtype }: TensorSpec,
  { halved, steady }: { readonly halved: boolean; readonly steady: boolean },
): Ref {
  const type = { type: dtype } as const
  const stored = { type: halved ? 'bfloat16' : dtype } as const
  const cast = (ref: Ref, from: typeof stored, to: typeof stored) =>
    builder.node('Cast', [ref], { SrcT: from, DstT: to, Truncate: { bool: false } })
  const handle = builder.node(
    'VarHandleOp',
    [],
    { container: { string: '' }, shared_name: { string: name }, dtype: stored, shape: { shape } },
    `variable/${name}`,
  )
  const feed = builder.node('Placeholder', [], { dtype: type, shape: { shape } }, `write/feed/${name}`)
  // A computed copy: a fed tensor shares JavaScript's buffer, which a variable must never hold on to.
  const copied = () =>
    halved ? cast(feed, type, stored) : builder.node('Mul', [feed, builder.constant([1], [], dtype)], { T: type })
  const copy = steady ? builder.node('AttuneStore', [feed], { T: stored }) : copied()
  const done = builder.constant([1], [], 'float32')
  const written = builder.node('AssignVariableOp', [handle, copy], { dtype: stored })
  builder.node('Identity', [done, `^${written}`], { T: float32 }, `write/done/${name}`)
  const value = builder.node('ReadVariableOp', [handle], { dtype: stored })
  builder.node('Identity', [halved ? cast(value, stored, type) : value], { T: type }, `read/${name}`)
  return handle
}
