import { type Complex, complex, Fourier } from './fourier.ts'

/** How a model hears: the fields of preprocessor_config.json that WhisperFeatureExtractor goes by. */
export interface HearingOptions {
  /** Samples a second. */
  readonly rate: number
  /** Samples of a frame, and from one frame to the next. */
  readonly window: number
  readonly hop: number
  readonly mels: number
  /** Frames of every clip: longer ones are cut, shorter ones are followed by silence. */
  readonly frames: number
}

/** Log-mel energies of a clip up to where its sound ends. */
export interface MelPicture {
  /** float32 [mels, frames] */
  readonly values: Float32Array
  readonly frames: number
  /** What each mel of the silence behind it is. */
  readonly silence: number
}

/** Decibels below the loudest that count as silence are eight tens; the same floor that Whisper was trained with. */
const range = 8
const faintest = 1e-10

/**
 * Makes log-mel pictures as transformers' WhisperFeatureExtractor does: Hann window, power spectrum around centred frames,
 * Slaney's mel filters up to 8 kHz, log10, everything more than eight below the clip's loudest raised to that, (x + 4)/4.
 */
export class LogMel {
  readonly options: HearingOptions
  private readonly fourier: Fourier
  private readonly hann: Float64Array
  private readonly filters: readonly Filter[]
  private readonly spectrum: Complex

  constructor(options: HearingOptions) {
    const { rate, window, mels } = options
    this.options = options
    this.fourier = new Fourier(window)
    this.hann = Float64Array.from({ length: window }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / window))
    this.filters = melFilters(mels, Math.floor(window / 2) + 1, rate)
    this.spectrum = complex(window)
  }

  /** Of samples from −1 to 1 at the rate of the options. */
  picture(samples: Float32Array): MelPicture {
    const { window, hop, mels, frames: most } = this.options
    const length = most * hop
    const sound = samples.subarray(0, length)
    const frames = Math.min(most, Math.ceil((sound.length + window / 2) / hop))
    const values = new Float32Array(mels * frames)
    const bins = Math.floor(window / 2) + 1
    const powers = [new Float64Array(bins), new Float64Array(bins)] as const
    let loudest = Math.log10(faintest)
    for (let frame = 0; frame < frames; frame += 2) {
      this.powersOfTwo(sound, length, frame, powers)
      for (let second = 0; second < 2 && frame + second < frames; second++) {
        const power = powers[second] as Float64Array
        for (let mel = 0; mel < mels; mel++) {
          const energy = Math.log10(Math.max(faintest, filtered(this.filters[mel] as Filter, power)))
          values[mel * frames + frame + second] = energy
          loudest = Math.max(loudest, energy)
        }
      }
    }
    const scaled = (energy: number) => (Math.max(energy, loudest - range) + 4) / 4
    for (let i = 0; i < values.length; i++) values[i] = scaled(values[i] as number)
    return { values, frames, silence: scaled(Math.log10(faintest)) }
  }

  /** Power spectra of two neighbouring frames: one is the real part of what is transformed, the other the imaginary. */
  private powersOfTwo(
    sound: Float32Array,
    length: number,
    frame: number,
    [first, second]: readonly [Float64Array, Float64Array],
  ): void {
    const { window, hop } = this.options
    const { re, im } = this.spectrum
    const start = frame * hop - window / 2
    const inside = start >= 0 && start + hop + window <= sound.length
    for (let i = 0; i < window; i++) {
      const weight = this.hann[i] as number
      const at = start + i
      re[i] = weight * (inside ? (sound[at] as number) : sampleAt(sound, at, length))
      im[i] = weight * (inside ? (sound[at + hop] as number) : sampleAt(sound, at + hop, length))
    }
    this.fourier.transform(this.spectrum)
    for (let k = 0; k < first.length; k++) {
      const mirror = (window - k) % window
      const [ar, ai, br, bi] = [re[k], im[k], re[mirror], im[mirror]] as [number, number, number, number]
      first[k] = ((ar + br) ** 2 + (ai - bi) ** 2) / 4
      second[k] = ((ai + bi) ** 2 + (br - ar) ** 2) / 4
    }
  }
}

/** Of a clip with silence behind it up to `length`; before its beginning and behind its end it is mirrored. */
function sampleAt(sound: Float32Array, at: number, length: number): number {
  const inside = at < 0 ? -at : at >= length ? 2 * (length - 1) - at : at
  return sound[inside] ?? 0
}

/** A triangle over neighbouring frequencies. */
interface Filter {
  readonly first: number
  readonly weights: Float64Array
}

function filtered({ first, weights }: Filter, power: Float64Array): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += (weights[i] as number) * (power[first + i] as number)
  return sum
}

/** Triangles whose corners lie at equal steps of Slaney's mel scale from 0 to 8 kHz, each of area one. */
function melFilters(mels: number, bins: number, rate: number): Filter[] {
  const top = toMel(8000)
  const corner = (i: number) => toHertz((top * i) / (mels + 1))
  const frequency = (bin: number) => (bin * Math.floor(rate / 2)) / (bins - 1)
  return Array.from({ length: mels }, (_, mel) => {
    const [low, peak, high] = [corner(mel), corner(mel + 1), corner(mel + 2)]
    const weight = (bin: number) => {
      const rising = (frequency(bin) - low) / (peak - low)
      const falling = (high - frequency(bin)) / (high - peak)
      return (Math.max(0, Math.min(rising, falling)) * 2) / (high - low)
    }
    const inside = Array.from({ length: bins }, (_, bin) => bin).filter((bin) => weight(bin) > 0)
    const first = inside[0] ?? 0
    const last = inside.at(-1) ?? -1
    return { first, weights: Float64Array.from({ length: last - first + 1 }, (_, i) => weight(first + i)) }
  })
}

/** Slaney's scale: linear up to 1 kHz, logarithmic above. */
function toMel(hertz: number): number {
  return hertz < 1000 ? (3 * hertz) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4)
}

function toHertz(mel: number): number {
  return mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp((Math.log(6.4) * (mel - 15)) / 27)
}
