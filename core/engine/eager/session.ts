import * as tf from '@tensorflow/tfjs-core'
import type { EngineInfo } from '../../contract/domain.ts'
import {
  type AdamWScalars,
  momentNames,
  type Session,
  type SessionSpec,
  type TensorSpec,
  type Tensors,
  type Update,
  type Values,
} from '../engine.ts'
import { inTurn } from '../native/first-use.ts'

/**
 * Runs programs operation by operation on the current tfjs backend: the oracle that the graph engine must agree with,
 * and what remains where TensorFlow's library cannot be had.
 */
export class EagerSession implements Session {
  readonly engine: EngineInfo
  private readonly spec: SessionSpec
  private readonly variables = new Map<string, tf.Tensor>()
  private readonly ran = new Set<string>()

  constructor(engine: EngineInfo, spec: SessionSpec) {
    this.engine = engine
    this.spec = spec
    for (const [name, { shape, dtype }] of Object.entries(spec.variables))
      this.variables.set(name, tf.zeros([...shape], dtype))
    for (const name of spec.optimized) {
      const variable = spec.variables[name]
      if (!variable) throw new Error(`"${name}" is to be optimised but is no variable of the session`)
      const { m, v } = momentNames(name)
      this.variables.set(m, tf.zeros([...variable.shape]))
      this.variables.set(v, tf.zeros([...variable.shape]))
    }
  }

  run(name: string, feeds: Readonly<Record<string, Values>>): Record<string, Values> {
    if (this.ran.has(name)) return this.compute(name, feeds)
    const fetched = inTurn(() => this.compute(name, feeds))
    this.ran.add(name)
    return fetched
  }

  private compute(name: string, feeds: Readonly<Record<string, Values>>): Record<string, Values> {
    const program = this.spec.programs[name]
    if (!program) throw new Error(`the session has no program "${name}"`)
    const fetched: Record<string, Values> = {}
    tf.engine().startScope(name)
    try {
      const fed: Record<string, tf.Tensor> = {}
      for (const [feed, spec] of Object.entries(program.feeds)) fed[feed] = feedTensor(name, feed, spec, feeds[feed])
      const { fetches, updates = [], adamw } = program.run(fed, this.tensors())
      for (const [fetch, tensor] of Object.entries(fetches)) fetched[fetch] = tensor.dataSync() as Values
      for (const update of updates) {
        // A handle of its own: one value may be assigned to several variables.
        if (update.kind === 'assign') this.replace(update.name, tf.clone(update.value))
        else if (update.kind === 'momentum') this.momentum(update)
        else if (update.kind === 'descend') this.replace(update.name, this.descended(update))
        else this.adamw(update.name, update.grad, update.weightDecay, adamw)
      }
    } finally {
      tf.engine().endScope()
    }
    return fetched
  }

  write(values: Readonly<Record<string, Float32Array>>): void {
    for (const [name, data] of Object.entries(values)) {
      const { size, shape } = this.value(name)
      if (data.length !== size) throw new Error(`variable "${name}" wants ${size} values, but got ${data.length}`)
      this.replace(name, tf.tensor(data.slice(), shape))
    }
  }

  read(variables: readonly string[]): Record<string, Float32Array> {
    return Object.fromEntries(variables.map((name) => [name, Float32Array.from(this.value(name).dataSync())]))
  }

  close(): void {
    for (const tensor of this.variables.values()) tensor.dispose()
    this.variables.clear()
  }

  private value(name: string): tf.Tensor {
    const tensor = this.variables.get(name)
    if (!tensor) throw new Error(`the session has no variable "${name}"`)
    return tensor
  }

  private tensors(): Tensors {
    return Object.fromEntries(Object.keys(this.spec.variables).map((name) => [name, this.value(name)]))
  }

  private replace(name: string, value: tf.Tensor): void {
    this.value(name).dispose()
    this.variables.set(name, tf.keep(value))
  }

  private descended({ name, step, decay }: Extract<Update, { kind: 'descend' }>): tf.Tensor {
    const value = this.value(name)
    return tf.sub(decay === null ? value : tf.sub(value, tf.mul(value, decay)), step)
  }

  private momentum({ name, buffer, grad, weightDecay, momentum, rate }: Extract<Update, { kind: 'momentum' }>): void {
    const value = this.value(name)
    const slope = weightDecay === 0 ? grad : tf.add(grad, tf.mul(value, weightDecay))
    const moved = tf.add(tf.mul(this.value(buffer), momentum), slope)
    this.replace(name, tf.sub(value, tf.mul(moved, rate)))
    this.replace(buffer, moved)
  }

  private adamw(name: string, grad: tf.Tensor, weightDecay: number, scalars: AdamWScalars | undefined): void {
    if (!scalars) throw new Error(`the AdamW update of "${name}" lacks its scalars`)
    const { learningRate, stepSize, epsilonHat, beta1, beta2 } = scalars
    const moments = momentNames(name)
    const m = tf.add(tf.mul(this.value(moments.m), beta1), tf.mul(grad, 1 - beta1))
    const v = tf.add(tf.mul(this.value(moments.v), beta2), tf.mul(tf.square(grad), 1 - beta2))
    const decayed = tf.mul(this.value(name), tf.sub(1, tf.mul(learningRate, weightDecay)))
    const step = tf.div(tf.mul(stepSize, m), tf.add(tf.sqrt(v), epsilonHat))
    this.replace(name, tf.sub(decayed, step))
    this.replace(moments.m, m)
    this.replace(moments.v, v)
  }
}

function feedTensor(
  program: string,
  feed: string,
  { shape, dtype }: TensorSpec,
  values: Values | undefined,
): tf.Tensor {
  if (!values) throw new Error(`program "${program}" lacks its feed "${feed}"`)
  return tf.tensor(values.slice(), [...shape], dtype)
}
