import type { MediaFile } from '../../contract/domain.ts'
import { AttuneError } from '../../contract/errors.ts'
import { thumbnail, writePicture } from './image.ts'
import { mediaOf } from './kinds.ts'
import { LogMel } from './log-mel.ts'
import { resample } from './resample.ts'
import { readWav } from './wav.ts'

/** How a page wants to see a file: itself, small, or as a picture of what sounds when. */
export type Showing = 'file' | 'thumbnail' | 'mel'

/** Files up to this many bytes are their own thumbnails. */
const smallBytes = 1 << 16
const thumbnailSide = 256

/** Sixteen thousand samples a second, a hundred frames a second, at most half a minute: what Whisper hears. */
const hearing = { rate: 16000, window: 400, hop: 160, mels: 64, frames: 3000 }

/** A row's file for a page. Throws AttuneError: bad_file, bad_request (a picture of what does not sound). */
export async function showMedia(bytes: Uint8Array, showing: Showing, name: string): Promise<MediaFile> {
  const found = mediaOf(bytes)
  if (!found) throw new AttuneError('bad_file', `${name} is no file that can be shown.`)
  if (showing === 'mel') {
    if (found.kind !== 'audio') throw new AttuneError('bad_request', `${name} is a picture: it has no sound.`)
    return { mime: 'image/png', base64: toBase64(await melPicture(bytes, name)) }
  }
  if (showing === 'thumbnail' && found.kind === 'image' && bytes.length > smallBytes) {
    return { mime: 'image/png', base64: toBase64(await thumbnail(bytes, thumbnailSide, name)) }
  }
  return { mime: found.mime, base64: toBase64(bytes) }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** A PNG: time to the right, low tones below, loud ones bright. */
async function melPicture(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const { samples, rate } = readWav(bytes, name)
  const { values, frames } = new LogMel(hearing).picture(resample(samples, rate, hearing.rate))
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const pixels = new Uint8Array(3 * values.length)
  for (let mel = 0; mel < hearing.mels; mel++) {
    for (let frame = 0; frame < frames; frame++) {
      const loud = ((values[mel * frames + frame] as number) - low) / Math.max(high - low, 1e-9)
      pixels.set(colourOf(loud), 3 * ((hearing.mels - 1 - mel) * frames + frame))
    }
  }
  return writePicture(pixels, { height: hearing.mels, width: frames, channels: 3 })
}

const colours = [
  [15, 18, 45],
  [110, 40, 130],
  [235, 100, 90],
  [252, 240, 190],
]

/** 0 dark, 1 bright. */
function colourOf(loud: number): number[] {
  const place = Math.min(loud, 0.9999) * (colours.length - 1)
  const [from, to] = colours.slice(Math.floor(place)) as [number[], number[]]
  return from.map((value, i) => Math.round(value + (place % 1) * ((to[i] as number) - value)))
}
