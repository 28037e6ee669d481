import { AttuneError } from '../contract/errors.ts'
import type { TaskName } from '../contract/settings.ts'
import { type AdapterConfig, adapterParts, lowRankNames } from './adapter.ts'
import { parameterName } from './names.ts'
import type { TensorToWrite } from './safetensors.ts'
import type { Weights } from './weights.ts'

/**
 * The whole model that an adapter makes of its base: W + (alpha/r)·B·A for each adapted layer, the adapter's head, and
 * everything else as it was. Yields one tensor after the other. Throws AttuneError bad_file when the two do not fit.
 */
export function* mergedTensors(
  base: Weights,
  adapter: Weights & { config: AdapterConfig },
  modelType: string,
  task: TaskName,
): Generator<TensorToWrite> {
  const parts = adapterParts(adapter.names())
  const adapted = new Set(parts.adapted)
  const whole = new Set(parts.whole)
  for (const source of base.names()) {
    const name = parameterName(modelType, source, task)
    if (name === null || whole.has(name)) continue
    const module = name.endsWith('.weight') ? name.slice(0, -'.weight'.length) : ''
    const shape = base.shape(source)
    const data = base.read(source)
    if (adapted.delete(module)) addLowRank(data, shape, adapter, module)
    yield { name, shape, data }
  }
  for (const name of whole) yield { name, shape: adapter.shape(name), data: adapter.read(name) }
  const [lost] = adapted
  if (lost !== undefined) throw misfit(lost, 'the base model has no such layer')
}

/** weight [out, in] += (alpha/r) · B [out, r] · A [r, in], summed in float64; a Conv1D's weight is [in, out]. */
function addLowRank(
  weight: Float32Array,
  shape: readonly number[],
  adapter: Weights & { config: AdapterConfig },
  module: string,
): void {
  const { r, alpha, fanInFanOut } = adapter.config
  const [out, width] = (fanInFanOut ? shape.toReversed() : shape) as [number, number]
  const names = lowRankNames(module)
  const shapeA = adapter.shape(names.a)
  const shapeB = adapter.shape(names.b)
  if (shape.length !== 2 || String(shapeA) !== String([r, width]) || String(shapeB) !== String([out, r])) {
    throw misfit(module, `A [${shapeA}] and B [${shapeB}] with r = ${r} do not fit the weight [${shape}]`)
  }
  const a = adapter.read(names.a)
  const b = adapter.read(names.b)
  const [acrossOut, acrossIn] = fanInFanOut ? [1, out] : [width, 1]
  const row = new Float64Array(width)
  for (let i = 0; i < out; i++) {
    row.fill(0)
    for (let k = 0; k < r; k++) {
      const factor = b[i * r + k] as number
      for (let j = 0; j < width; j++) row[j] = (row[j] as number) + factor * (a[k * width + j] as number)
    }
    for (let j = 0; j < width; j++) {
      const at = i * acrossOut + j * acrossIn
      weight[at] = (weight[at] as number) + (alpha / r) * (row[j] as number)
    }
  }
}

function misfit(module: string, what: string): AttuneError {
  return new AttuneError('bad_file', `The adapter does not fit its base model: "${module}": ${what}.`)
}
