import sharp, { type Sharp } from 'sharp'
import { AttuneError } from '../../contract/errors.ts'

/** The only import of sharp, which decodes pictures with libvips. */

/** How a model sees: the fields of preprocessor_config.json that transformers' image processors go by. */
export interface SightOptions {
  readonly channels: 1 | 3
  readonly height: number
  readonly width: number
  /** What a picture is scaled to: exactly this, or so that it covers this and the middle is cut out. */
  readonly resize: { readonly height: number; readonly width: number; readonly covers: boolean } | null
  readonly kernel: 'nearest' | 'lanczos3' | 'linear' | 'cubic'
}

/** A picture that claims more pixels than this is not opened. */
const mostPixels = 100_000_000

/**
 * Decodes a picture (PNG or JPEG; the caller has looked) to bytes [height, width, channels], turned as its EXIF says.
 * `name` begins the sentence of what is wrong. Throws AttuneError bad_file.
 */
export async function readPicture(bytes: Uint8Array, options: SightOptions, name: string): Promise<Uint8Array> {
  const { channels, height, width, resize, kernel } = options
  const decoded = await naming(name, async () => {
    const picture = opened(bytes)
    const size = resize && { height: resize.height, width: resize.width }
    const scaled = size ? picture.resize({ ...size, fit: resize.covers ? 'outside' : 'fill', kernel }) : picture
    const coloured = channels === 1 ? scaled.greyscale() : scaled.toColourspace('srgb')
    return coloured.removeAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  })
  const { info, data } = decoded
  if (info.width < width || info.height < height) {
    const message = `${name} has ${info.width} × ${info.height} pixels, and the model looks at ${width} × ${height}.`
    throw new AttuneError('bad_file', message)
  }
  return middleOf(data, info, { channels, height, width })
}

/** Throws AttuneError bad_file where a picture cannot be decoded to its end. */
export async function checkPicture(bytes: Uint8Array, name: string): Promise<void> {
  // Scaled down while it is decoded, which reads it all the same and takes hardly any memory.
  await naming(name, () => opened(bytes).resize({ width: 16, height: 16, fit: 'fill' }).raw().toBuffer())
}

/** A small copy for a list: at most so many pixels a side. Throws AttuneError bad_file. */
export async function thumbnail(bytes: Uint8Array, side: number, name: string): Promise<Uint8Array> {
  return naming(name, () =>
    opened(bytes).resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true }).png().toBuffer(),
  )
}

/** Bytes [height, width, channels] as a PNG. */
export async function writePicture(
  bytes: Uint8Array,
  raw: { readonly height: number; readonly width: number; readonly channels: 1 | 3 },
): Promise<Uint8Array> {
  return sharp(bytes, { raw }).png().toBuffer()
}

function opened(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: mostPixels, failOn: 'error' }).autoOrient()
}

async function naming<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new AttuneError('bad_file', `${name} cannot be decoded (${reason}).`, undefined, { cause })
  }
}

/** The middle of decoded bytes, in as many channels as are wanted. */
function middleOf(
  data: Uint8Array,
  from: { readonly width: number; readonly height: number; readonly channels: number },
  to: { readonly width: number; readonly height: number; readonly channels: number },
): Uint8Array {
  if (from.width === to.width && from.height === to.height && from.channels === to.channels) return data
  const top = Math.floor((from.height - to.height) / 2)
  const left = Math.floor((from.width - to.width) / 2)
  const out = new Uint8Array(to.height * to.width * to.channels)
  for (let y = 0, at = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const pixel = ((top + y) * from.width + left + x) * from.channels
      for (let c = 0; c < to.channels; c++) out[at++] = data[pixel + Math.min(c, from.channels - 1)] as number
    }
  }
  return out
}
