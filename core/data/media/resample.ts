/** Zero crossings of the filter on each side, and how far below half the lower rate it cuts. */
const crossings = 6
const rolloff = 0.99

/**
 * The same sound at another rate, by a windowed sinc filter: a sum over neighbours with weights that repeat, as the rates
 * are whole numbers. Source: Smith, Digital Audio Resampling (windowed sinc, Hann); torchaudio's defaults for its width.
 */
export function resample(samples: Float32Array, rate: number, wanted: number): Float32Array {
  if (rate === wanted) return samples
  const divisor = greatestCommonDivisor(rate, wanted)
  const [from, to] = [rate / divisor, wanted / divisor]
  const cut = Math.min(from, to) * rolloff
  const reach = Math.ceil((crossings * from) / cut)
  const phases = Array.from({ length: to }, (_, phase) => weightsOf(phase, { from, to, cut, reach }))
  const out = new Float32Array(Math.ceil((samples.length * to) / from))
  for (let i = 0; i < out.length; i++) {
    const phase = i % to
    const centre = Math.floor((i * from) / to)
    const weights = phases[phase] as Float64Array
    let sum = 0
    for (let k = 0; k < weights.length; k++) {
      const at = centre - reach + k
      if (at >= 0 && at < samples.length) sum += (weights[k] as number) * (samples[at] as number)
    }
    out[i] = sum
  }
  return out
}

interface Filter {
  readonly from: number
  readonly to: number
  readonly cut: number
  readonly reach: number
}

/** Of the samples around the place that an output of this phase falls on: reach before its floor to reach + 1 behind. */
function weightsOf(phase: number, { from, to, cut, reach }: Filter): Float64Array {
  const fraction = ((phase * from) % to) / to
  return Float64Array.from({ length: 2 * reach + 2 }, (_, k) => {
    const distance = ((k - reach - fraction) * cut) / from
    if (Math.abs(distance) >= crossings) return 0
    const window = Math.cos((Math.PI * distance) / (2 * crossings)) ** 2
    const sinc = distance === 0 ? 1 : Math.sin(Math.PI * distance) / (Math.PI * distance)
    return (sinc * window * cut) / from
  })
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
