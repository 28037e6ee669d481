import { filled } from '../data/batches.ts'
import { type HearingOptions, LogMel } from '../data/media/log-mel.ts'
import type { RowFiles } from '../data/media/media-file.ts'
import { resample } from '../data/media/resample.ts'
import { readWav, toInt16 } from '../data/media/wav.ts'
import { hash32, normal, uniform } from '../util/random.ts'
import type { BatchConfig, Draw, PrepareConfig } from './task.ts'

/**
 * Clips of speech as a model hears them. Where they are heard the same each time, what is kept are their log-mel
 * pictures; where each epoch changes them, their sound, of which pictures are made when a batch is. Plain data only.
 */
export interface Clips {
  readonly hearing: HearingOptions
  /** 16 bits a sample, clip after clip; null where pictures are kept. */
  readonly sound: Int16Array | null
  /** float32 [mels, frames] of each clip, one after the other; null where sound is kept. */
  readonly pictures: Float32Array | null
  /** Where each clip begins in one of the two, and where the last one ends. */
  readonly starts: Float64Array
  /** Of each clip's picture: what every mel of the silence behind it is. */
  readonly silence: Float32Array
}

/** Whether clips are changed from epoch to epoch. */
function varies({ audio_shift: shift = 0, audio_gain: gain = 0, audio_noise: noise = 0 }: PrepareConfig): boolean {
  return shift > 0 || gain > 0 || noise > 0
}

/** What reading clips needs to know beside where they come from. */
interface ClipReading {
  readonly hearing: HearingOptions
  readonly config: PrepareConfig
  /** Settings that vary clips have a say. */
  readonly training: boolean
  /** What a problem calls the clip of a row. */
  nameOf(row: number): string
}

/** The clips of these rows. `onRow` is told after each and may throw to stop. Throws AttuneError bad_file. */
export async function readClips(
  files: RowFiles,
  rows: Int32Array,
  { hearing, config, training, nameOf }: ClipReading,
  onRow: () => void,
): Promise<{ readonly clips: Clips; readonly cut: number }> {
  const keepsSound = training && varies(config)
  const most = hearing.frames * hearing.hop
  const mel = new LogMel(hearing)
  const parts: (Int16Array | Float32Array)[] = []
  const silence = new Float32Array(rows.length)
  let cut = 0
  for (const [i, row] of rows.entries()) {
    const { samples, rate } = readWav(await files.media(row), nameOf(row))
    const heard = resample(samples, rate, hearing.rate)
    if (heard.length > most) cut++
    if (keepsSound) parts.push(Int16Array.from(heard.subarray(0, most), toInt16))
    else {
      const picture = mel.picture(heard)
      parts.push(picture.values)
      silence[i] = picture.silence
    }
    onRow()
  }
  const starts = new Float64Array(parts.length + 1)
  for (const [i, { length }] of parts.entries()) starts[i + 1] = (starts[i] as number) + length
  const total = starts.at(-1) as number
  const joined = keepsSound
    ? new Int16Array(new SharedArrayBuffer(2 * total))
    : new Float32Array(new SharedArrayBuffer(4 * total))
  for (const [i, part] of parts.entries()) joined.set(part, starts[i] as number)
  const clips = {
    ...{ hearing, starts, silence },
    sound: joined instanceof Int16Array ? joined : null,
    pictures: joined instanceof Float32Array ? joined : null,
  }
  return { clips, cut }
}

/** What they take in memory. */
export function clipBytes({ sound, pictures }: Clips): number {
  return (sound ?? pictures)?.byteLength ?? 0
}

/** input_features float32 [batchSize, mels, frames] of the clips at these positions, changed where `draw` says so. */
export function featuresOf(
  clips: Clips,
  rows: Int32Array,
  positions: Int32Array,
  batchSize: number,
  config: BatchConfig,
  draw: Draw | null,
): Float32Array {
  const { mels, frames } = clips.hearing
  const values = new Float32Array(batchSize * mels * frames)
  for (let i = 0; i < batchSize; i++) {
    const position = filled(positions, i)
    const picture = pictureAt(clips, position, rows[position] as number, config, draw)
    for (let mel = 0; mel < mels; mel++) {
      const at = (i * mels + mel) * frames
      values.set(picture.values.subarray(mel * picture.frames, (mel + 1) * picture.frames), at)
      values.fill(picture.silence, at + picture.frames, at + frames)
    }
  }
  return values
}

function pictureAt(clips: Clips, position: number, row: number, config: BatchConfig, draw: Draw | null) {
  const { sound, pictures, starts, hearing } = clips
  const [from, to] = [starts[position] as number, starts[position + 1] as number]
  if (pictures) {
    const values = pictures.subarray(from, to)
    return { values, frames: values.length / hearing.mels, silence: clips.silence[position] as number }
  }
  const samples = Float32Array.from((sound as Int16Array).subarray(from, to), (sample) => sample / 32768)
  return melOf(hearing).picture(draw === null ? samples : changed(samples, hearing, config, draw, row))
}

const mels = new Map<string, LogMel>()

/** Its tables are made once for all batches. */
function melOf(hearing: HearingOptions): LogMel {
  const key = JSON.stringify(hearing)
  const known = mels.get(key) ?? new LogMel(hearing)
  mels.set(key, known)
  return known
}

/** Streams of the generator. */
const clipStream = 41
const noiseStream = 42

/** The clip later, louder or softer and with noise, by draws of the row and the epoch alone. */
function changed(
  samples: Float32Array,
  { rate, hop, frames }: HearingOptions,
  { audio_shift: shift = 0, audio_gain: gain = 0, audio_noise: noise = 0 }: BatchConfig,
  { seed, epoch }: Draw,
  row: number,
): Float32Array {
  const key = hash32(seed, clipStream, epoch, row)
  const move = Math.round(((2 * uniform(key, 0) - 1) * shift * rate) / 1000)
  const factor = 10 ** ((gain * (2 * uniform(key, 1) - 1)) / 20)
  const length = Math.min(frames * hop, samples.length + Math.max(0, move))
  const loudness = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length))
  const hiss = noise * uniform(key, 2) * loudness
  const stream = hash32(seed, noiseStream, epoch, row)
  return Float32Array.from(
    { length },
    (_, i) => factor * ((samples[i - move] ?? 0) + (hiss > 0 ? hiss * normal(stream, i) : 0)),
  )
}
