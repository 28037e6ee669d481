import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AttuneError } from '../../contract/errors.ts'
import type { SightOptions } from './image.ts'
import type { HearingOptions } from './log-mel.ts'

/** What a model folder says of how pictures and sound are to reach it; where it is silent, what its kind usually does. */

/** How bytes become what a model reads: (byte·factor − mean) / deviation, by channel. */
export interface Sight extends SightOptions {
  readonly factor: number
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

const count = z.number().int().positive()
const sizeSchema = z.union([
  count,
  z.object({ height: count, width: count }),
  z.object({ shortest_edge: count }).transform(({ shortest_edge: edge }) => edge),
])
const sightSchema = z.looseObject({
  do_resize: z.boolean().default(true),
  size: sizeSchema.optional(),
  /** Pillow's numbers. */
  resample: z.number().int().default(2),
  do_center_crop: z.boolean().default(false),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: z.array(z.number()).nonempty().default([0.5]),
  image_std: z.array(z.number().positive()).nonempty().default([0.5]),
})
const visionSchema = z.looseObject({
  image_size: z.union([count, z.tuple([count, count])]),
  num_channels: z.union([z.literal(1), z.literal(3)]).default(3),
})
const kernels: Readonly<Record<number, SightOptions['kernel']>> = { 0: 'nearest', 1: 'lanczos3', 3: 'cubic' }

/** Throws AttuneError bad_file: preprocessor_config.json is damaged or makes pictures of another size than config.json asks for. */
export async function sightOf(modelDir: string, modelConfig: unknown): Promise<Sight> {
  const { image_size: image, num_channels: channels } = parsed(visionSchema, modelConfig, modelDir, 'config.json')
  const [height, width] = typeof image === 'number' ? [image, image] : image
  const said = await readPreprocessor(modelDir)
  const options = parsed(sightSchema, said ?? {}, modelDir, file)
  const { size = { height, width }, do_center_crop: crops } = options
  const covers = typeof size === 'number' && crops
  const resized = typeof size === 'number' ? { height: size, width: size } : size
  const fits = crops
    ? resized.height >= height && resized.width >= width
    : resized.height === height && resized.width === width
  if (options.do_resize && !fits) {
    const message = `${file} in ${modelDir} makes pictures of ${resized.width} × ${resized.height} pixels, but config.json asks for ${width} × ${height}.`
    throw new AttuneError('bad_file', message)
  }
  const ofChannels = (values: readonly number[]) =>
    Array.from({ length: channels }, (_, channel) => values[channel] ?? (values[0] as number))
  return {
    channels,
    height,
    width,
    resize: options.do_resize ? { ...resized, covers } : null,
    kernel: kernels[options.resample] ?? 'linear',
    factor: options.do_rescale ? options.rescale_factor : 1,
    mean: ofChannels(options.do_normalize ? options.image_mean : [0]),
    deviation: ofChannels(options.do_normalize ? options.image_std : [1]),
  }
}

const hearingSchema = z.looseObject({
  sampling_rate: z.number().int().min(1000).max(192_000).default(16000),
  hop_length: count.default(160),
  n_fft: count.default(400),
  feature_size: count.optional(),
})
const speechSchema = z.looseObject({ num_mel_bins: count.default(80), max_source_positions: count.default(1500) })

/** Throws AttuneError bad_file: preprocessor_config.json is damaged or makes other features than config.json asks for. */
export async function hearingOf(modelDir: string, modelConfig: unknown): Promise<HearingOptions> {
  const { num_mel_bins: mels, max_source_positions: positions } = parsed(
    speechSchema,
    modelConfig,
    modelDir,
    'config.json',
  )
  const options = parsed(hearingSchema, (await readPreprocessor(modelDir)) ?? {}, modelDir, file)
  if (options.feature_size !== undefined && options.feature_size !== mels) {
    const message = `${file} in ${modelDir} makes ${options.feature_size} mels (feature_size), but config.json asks for ${mels} (num_mel_bins).`
    throw new AttuneError('bad_file', message)
  }
  // The second convolution halves the frames.
  return { rate: options.sampling_rate, window: options.n_fft, hop: options.hop_length, mels, frames: 2 * positions }
}

const file = 'preprocessor_config.json'

async function readPreprocessor(modelDir: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(join(modelDir, file), 'utf8')
  } catch {
    return null
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AttuneError('bad_file', `${file} in ${modelDir} is not valid JSON.`, undefined, { cause })
  }
}

function parsed<T>(schema: z.ZodType<T>, json: unknown, dir: string, name: string): T {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new AttuneError('bad_file', `${name} in ${dir}: ${issue?.path.join('.')}: ${issue?.message}.`)
}
