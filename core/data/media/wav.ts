import { AttuneError } from '../../contract/errors.ts'

/** A clip of sound, its channels mixed. */
export interface Sound {
  /** −1 to 1. */
  readonly samples: Float32Array
  /** Samples a second. */
  readonly rate: number
}

/** Of what a RIFF file says of its samples. */
interface Format {
  readonly kind: 'integer' | 'float'
  readonly channels: number
  readonly rate: number
  /** Of one sample of one channel. */
  readonly bytes: number
}

/** WAVE_FORMAT_PCM, WAVE_FORMAT_IEEE_FLOAT, and the one whose real format stands in its extension. */
const pcm = 1
const ieeeFloat = 3
const extensible = 0xfffe

/**
 * Reads a WAV file: PCM of 8, 16, 24 or 32 bits and floats of 32 or 64, any number of channels, which are averaged.
 * `name` begins the sentence of what is wrong. Throws AttuneError bad_file or unsupported.
 * Source: Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (RIFF WAVE).
 */
export function readWav(bytes: Uint8Array, name: string): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tag = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4))
  if (bytes.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') {
    throw new AttuneError('bad_file', `${name} is no WAV file: it does not begin with RIFF and WAVE.`)
  }
  let format: Format | null = null
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true)
    const start = at + 8
    if (tag(at) === 'fmt ') format = readFormat(view, start, size, name)
    if (tag(at) === 'data') {
      if (format === null) throw new AttuneError('bad_file', `${name} has sound before it says in which format.`)
      return {
        samples: readSamples(view, start, soundBytes(bytes.length - start, size, name), format),
        rate: format.rate,
      }
    }
    // Chunks begin at even places.
    at = start + size + (size % 2)
  }
  throw new AttuneError('bad_file', `${name} has no sound in it: there is no "data" part.`)
}

/** What was written without knowing the end says 0 or the largest number: then it goes to the end of the file. */
function soundBytes(there: number, said: number, name: string): number {
  if (said === 0 || said === 0xffffffff) return there
  if (said <= there) return said
  throw new AttuneError('bad_file', `${name} ends after ${there} of ${said} bytes of sound.`)
}

function readFormat(view: DataView, at: number, size: number, name: string): Format {
  if (size < 16 || at + size > view.byteLength) {
    throw new AttuneError('bad_file', `${name} has a damaged "fmt " part.`)
  }
  let code = view.getUint16(at, true)
  if (code === extensible && size >= 26) code = view.getUint16(at + 24, true)
  const channels = view.getUint16(at + 2, true)
  const rate = view.getUint32(at + 4, true)
  const bits = view.getUint16(at + 14, true)
  if (channels === 0 || rate < 1000 || rate > 768_000) {
    throw new AttuneError('bad_file', `${name} says that it has ${channels} channels of ${rate} samples a second.`)
  }
  const known = code === pcm ? [8, 16, 24, 32] : code === ieeeFloat ? [32, 64] : []
  if (!known.includes(bits)) {
    const message = `${name} has sound in a format that is not read here (format ${code}, ${bits} bits). Save it as PCM of 16 bits.`
    throw new AttuneError('unsupported', message)
  }
  return { kind: code === pcm ? 'integer' : 'float', channels, rate, bytes: bits / 8 }
}

function readSamples(view: DataView, start: number, length: number, format: Format): Float32Array {
  const { channels, bytes } = format
  const samples = new Float32Array(Math.floor(length / (channels * bytes)))
  const sampleAt = readerOf(view, format)
  for (let i = 0, at = start; i < samples.length; i++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++, at += bytes) sum += sampleAt(at)
    samples[i] = sum / channels
  }
  return samples
}

/** Reads one sample as a number from −1 to 1. */
function readerOf(view: DataView, { kind, bytes }: Format): (at: number) => number {
  if (kind === 'float') return bytes === 4 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true)
  if (bytes === 1) return (at) => (view.getUint8(at) - 128) / 128
  if (bytes === 2) return (at) => view.getInt16(at, true) / 32768
  if (bytes === 3) return (at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 8388608
  return (at) => view.getInt32(at, true) / 2147483648
}

/** A clip as a WAV file of 16 bits, one channel. */
export function writeWav({ samples, rate }: Sound): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * samples.length)
  const view = new DataView(bytes.buffer)
  const text = (at: number, letters: string) =>
    bytes.set(
      Array.from(letters, (letter) => letter.charCodeAt(0)),
      at,
    )
  text(0, 'RIFF')
  view.setUint32(4, bytes.length - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, pcm, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, 2 * rate, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, 2 * samples.length, true)
  for (let i = 0; i < samples.length; i++) view.setInt16(44 + 2 * i, toInt16(samples[i] as number), true)
  return bytes
}

/** The nearest of the numbers that 16 bits can say; −1 is −32768. */
export function toInt16(sample: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(sample * 32768)))
}
