import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineInfo } from '../../contract/domain.ts'
import type { DType, Session, SessionSpec, TensorSpec, Values } from '../engine.ts'
import type { TracedProgram } from '../trace/trace.ts'
import type { Ref } from './graph-builder.ts'
import { traceSession, zeroed } from './session-graph.ts'

/** The part of tfjs-node's native binding that a session needs. Tensors are numbered handles. */
export interface NativeBinding {
  createTensor(shape: readonly number[], dtype: number, values: Values): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): Values
  loadSavedModel(path: string, tags: string): number
  deleteSavedModel(id: number): void
  runSavedModel(session: number, inputs: number[], inputNames: string, outputNames: string): { id: number }[]
  readonly TF_FLOAT: number
  readonly TF_INT32: number
}

/**
 * Traces every program of `spec` into one graph, loads it, and sets the moments to zero.
 * Parameters and moments live in the session as resource variables; a step is one native call.
 */
export async function openGraphSession(
  binding: NativeBinding,
  engine: EngineInfo,
  spec: SessionSpec,
): Promise<Session> {
  const { builder, stored, programs } = await traceSession(spec)
  const loaded = load(binding, builder.toSavedModel())
  const session = new GraphSession(binding, engine, loaded, stored, programs)
  session.zeroMoments()
  return session
}

function load(binding: NativeBinding, model: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), 'attune-graph-'))
  try {
    writeFileSync(join(folder, 'saved_model.pb'), model)
    return binding.loadSavedModel(folder, 'serve')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

class GraphSession implements Session {
  readonly engine: EngineInfo
  private readonly binding: NativeBinding
  private readonly id: number
  private readonly variables: Readonly<Record<string, TensorSpec>>
  private readonly programs: ReadonlyMap<string, TracedProgram>
  private closed = false

  constructor(
    binding: NativeBinding,
    engine: EngineInfo,
    id: number,
    variables: Readonly<Record<string, TensorSpec>>,
    programs: ReadonlyMap<string, TracedProgram>,
  ) {
    this.binding = binding
    this.engine = engine
    this.id = id
    this.variables = variables
    this.programs = programs
  }

  run(name: string, feeds: Readonly<Record<string, Values>>): Record<string, Values> {
    const program = this.programs.get(name)
    if (!program) throw new Error(`the session has no program "${name}"`)
    const inputs = [...program.feeds].map(([feed, { ref, spec }]) => {
      const values = feeds[feed]
      if (!values) throw new Error(`program "${name}" lacks its feed "${feed}"`)
      return { ref, spec, values }
    })
    const names = [...program.fetches.keys()]
    const outputs = this.call(inputs, [...program.fetches.values()])
    return Object.fromEntries(names.map((fetch, i) => [fetch, outputs[i] as Values]))
  }

  write(values: Readonly<Record<string, Float32Array>>): void {
    const inputs = Object.entries(values).map(([name, data]) => ({
      ref: `write/feed/${name}`,
      spec: this.spec(name),
      values: data,
    }))
    if (inputs.length > 0)
      this.call(
        inputs,
        Object.keys(values).map((name) => `write/done/${name}`),
      )
  }

  read(variables: readonly string[]): Record<string, Float32Array> {
    for (const name of variables) this.spec(name)
    if (variables.length === 0) return {}
    const values = this.call(
      [],
      variables.map((name) => `read/${name}`),
    )
    return Object.fromEntries(variables.map((name, i) => [name, Float32Array.from(values[i] as Float32Array)]))
  }

  zeroMoments(): void {
    this.call([{ ref: zeroed.feed, spec: { shape: [], dtype: 'float32' }, values: Float32Array.of(0) }], [zeroed.done])
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.binding.deleteSavedModel(this.id)
  }

  private spec(variable: string): TensorSpec {
    const spec = this.variables[variable]
    if (!spec) throw new Error(`the session has no variable "${variable}"`)
    return spec
  }

  private call(inputs: { ref: Ref; spec: TensorSpec; values: Values }[], fetches: readonly Ref[]): Values[] {
    if (this.closed) throw new Error('the session is closed')
    const { binding } = this
    const fed = inputs.map(({ ref, spec, values }) => {
      checkValues(ref, spec, values)
      return binding.createTensor(spec.shape, nativeType(binding, spec.dtype), values)
    })
    try {
      const feedNames = inputs.map(({ ref }) => `${ref}:0`).join()
      const outputs = binding.runSavedModel(this.id, fed, feedNames, fetches.map((ref) => `${ref}:0`).join())
      return outputs.map(({ id }) => {
        const values = binding.tensorDataSync(id)
        binding.deleteTensor(id)
        return values
      })
    } finally {
      for (const id of fed) binding.deleteTensor(id)
    }
  }
}

function nativeType(binding: NativeBinding, dtype: DType): number {
  return dtype === 'float32' ? binding.TF_FLOAT : binding.TF_INT32
}

function checkValues(ref: Ref, { shape, dtype }: TensorSpec, values: Values): void {
  const size = shape.reduce((product, length) => product * length, 1)
  const right = dtype === 'float32' ? values instanceof Float32Array : values instanceof Int32Array
  if (!right || values.length !== size) {
    throw new Error(`${ref} wants ${size} values of ${dtype}, but got ${values.length} in a ${values.constructor.name}`)
  }
}
