import { readPicture } from '../data/media/image.ts'
import type { Sight } from '../data/media/preprocessor.ts'
import type { RowStore } from '../data/row-store.ts'

/** Pictures that are decoded side by side. */
const together = 16

/**
 * The pictures of rows as a model sees them: [rows, height, width, channels], in memory that threads share. `nameOf` says
 * what a problem calls one. Throws AttuneError bad_file; `onRow` may throw to stop.
 */
export async function readPictures(
  store: RowStore,
  rows: Int32Array,
  sight: Sight,
  nameOf: (row: number) => string,
  onRow: () => void,
): Promise<Uint8Array> {
  const size = sight.height * sight.width * sight.channels
  const pixels = new Uint8Array(new SharedArrayBuffer(size * rows.length))
  for (let from = 0; from < rows.length; from += together) {
    const some = Array.from(rows.subarray(from, from + together))
    const pictures = some.map((row) => readPicture(store.media(row), sight, nameOf(row)))
    for (const [i, picture] of (await Promise.all(pictures)).entries()) {
      pixels.set(picture, (from + i) * size)
      onRow()
    }
  }
  return pixels
}
