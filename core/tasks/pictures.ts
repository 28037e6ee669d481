import { readPicture } from '../data/media/image.ts'
import type { RowFiles } from '../data/media/media-file.ts'
import type { Sight } from '../data/media/preprocessor.ts'

/** Pictures that are decoded side by side. */
const together = 16

/**
 * The pictures of rows as a model sees them: [rows, height, width, channels], in memory that threads share. `nameOf` says
 * what a problem calls one. Throws AttuneError bad_file; `onRow` may throw to stop.
 */
export async function readPictures(
  files: RowFiles,
  rows: Int32Array,
  sight: Sight,
  nameOf: (row: number) => string,
  onRow: () => void,
): Promise<Uint8Array> {
  const size = sight.height * sight.width * sight.channels
  const pixels = new Uint8Array(new SharedArrayBuffer(size * rows.length))
  for (let from = 0; from < rows.length; from += together) {
    const some = Array.from(rows.subarray(from, from + together))
    const pictures = some.map(async (row) => readPicture(await files.media(row), sight, nameOf(row)))
    for (const [i, picture] of (await Promise.all(pictures)).entries()) {
      pixels.set(picture, (from + i) * size)
      onRow()
    }
  }
  return pixels
}
