import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TaskName } from '../../../../core/contract/settings.ts'
import { importDataset, previewFile } from '../../../../core/data/import.ts'
import { checkPicture, readPicture, thumbnail, writePicture } from '../../../../core/data/media/image.ts'
import { showMedia } from '../../../../core/data/media/show.ts'
import { openRowStore } from '../../../../core/data/row-store.ts'
import { hash32 } from '../../../../core/util/random.ts'
import { barPicture, classFolders, toneClip, writeFiles } from '../../../support/media.ts'
import { errorOf, temporaryFolder } from '../../../support/temporary.ts'

const classes = ['a', 'b']
const pictures = () => classFolders(classes, 6, 'png', barPicture)
const clips = () => classFolders(classes, 6, 'wav', toneClip)

async function imported(task: TaskName, files: Readonly<Record<string, string | Uint8Array>>, path = '') {
  const dir = await temporaryFolder()
  const folder = join(dir, 'given')
  await writeFiles(folder, files)
  const destination = join(dir, 'kept')
  const result = await importDataset(task, join(folder, path), path || 'given', { onBadRows: 'skip' }, destination)
  const store = openRowStore(destination)
  return { result, store, folder, destination }
}

describe('a folder', () => {
  test('of folders: a class each, files in order, what lies about is passed over', async () => {
    const files = await pictures()
    const { result, store } = await imported('image-classification', { ...files, '.DS_Store': 'x', 'b/Thumbs.db': 'x' })
    try {
      expect(result).toMatchObject({
        format: 'folder',
        rows: 12,
        problemCount: 0,
        mapping: { text: 'file', label: 'label' },
      })
      expect(result.bytes).toBeGreaterThan(Object.values(files).reduce((sum, { length }) => sum + length, 0))
      expect(store.read(7)).toEqual({ row: 7, line: 8, text: 'b/1.png', label: 'b' })
      for (const { row, text } of store.iterate()) expect(store.media(row).equals(files[text] as Uint8Array)).toBe(true)
    } finally {
      store.close()
    }
  })

  test('whose hash says what is in the files, and files that are the same are counted', async () => {
    const files = await pictures()
    const one = await imported('image-classification', files)
    const again = await imported('image-classification', files)
    const other = await imported('image-classification', { ...files, 'a/0.png': files['a/1.png'] as Uint8Array })
    for (const { store } of [one, again, other]) store.close()
    expect(again.result.contentHash).toBe(one.result.contentHash)
    expect(other.result.contentHash).not.toBe(one.result.contentHash)
    expect([one.result.duplicateCount, other.result.duplicateCount]).toEqual([0, 2])
  })

  test('with a table goes by the table', async () => {
    const files = await clips()
    const table = Object.keys(files).map((name) =>
      JSON.stringify({ path: name, class: name.startsWith('a') ? 'x' : 'y' }),
    )
    const { result, store } = await imported('audio-classification', { ...files, 'metadata.jsonl': table.join('\n') })
    store.close()
    expect(result).toMatchObject({ format: 'jsonl', rows: 12, labels: [{ label: 'x' }, { label: 'y' }] })
  })

  test('and a table that is given itself names files beside it', async () => {
    const files = await pictures()
    const table = Object.keys(files).map((name) => `${name},${name[0]}`)
    const { result, store } = await imported(
      'image-classification',
      { ...files, 'table.csv': `image,label\n${table.join('\n')}\nnone.png,a\n` },
      'table.csv',
    )
    store.close()
    expect(result).toMatchObject({ rows: 12, problems: [{ line: 14, message: 'none.png is not there.' }] })
  })
})

describe('files that cannot be used are named', () => {
  test('damaged, of another kind, and outside of the folder', async () => {
    const files = await pictures()
    const whole = files['a/0.png'] as Uint8Array
    const outside = join(await temporaryFolder(), 'secret.png')
    await writeFiles(join(outside, '..'), { 'secret.png': whole })
    const names = ['cut.png', 'text.png', 'clip.wav', '../kept.png', '/etc/passwd', 'C:\\x.png', 'link.png', 'a']
    const rows = [...Object.keys(files), ...names].map((name) => `"${name}",${name[0] === 'b' ? 'b' : 'a'}`)
    const dir = await temporaryFolder()
    await writeFiles(dir, {
      ...files,
      ...{ 'cut.png': whole.subarray(0, 60), 'text.png': 'no picture', 'clip.wav': toneClip(0, 1) },
      'table.csv': `image,label\n${rows.join('\n')}\n`,
    })
    await symlink(outside, join(dir, 'link.png'))
    const options = { onBadRows: 'skip' } as const
    const result = await importDataset(
      'image-classification',
      join(dir, 'table.csv'),
      'table.csv',
      options,
      join(dir, 'kept'),
    )
    expect(result.rows).toBe(12)
    const messages = result.problems.map(({ message }) => message)
    expect(messages[0]).toMatch(/^cut\.png cannot be decoded \(/)
    expect(messages.slice(1)).toEqual([
      'text.png is no image file that can be read: it has to be PNG and JPEG.',
      'clip.wav is no image file that can be read: it has to be PNG and JPEG.',
      ...['../kept.png', '/etc/passwd', 'C:\\x.png', 'link.png'].map(
        (name) => `${name} does not lie below the folder of its table.`,
      ),
      'a is not a regular file.',
    ])
  })

  test('sound that ends too soon', async () => {
    const files = await clips()
    const { result, store } = await imported('audio-classification', {
      ...files,
      'b/cut.wav': (files['b/0.wav'] as Uint8Array).subarray(0, 100),
    })
    store.close()
    expect(result.problems).toEqual([{ line: 13, message: 'b/cut.wav ends after 56 of 3200 bytes of sound.' }])
  })

  test('rows of texts have none', async () => {
    const lines = Array.from({ length: 12 }, (_, i) => `text ${i},${i % 2}`)
    const { store } = await imported('text-classification', { 'a.csv': `text,label\n${lines.join('\n')}` }, 'a.csv')
    await errorOf('not_found', () => store.media(0))
    store.close()
  })
})

test('a preview suggests what files are for', async () => {
  const [dir, other] = [await temporaryFolder(), await temporaryFolder()]
  await writeFiles(dir, await pictures())
  await writeFiles(other, await clips())
  expect(await previewFile(dir, 'dir')).toMatchObject({
    format: 'folder',
    suggested: 'image-classification',
    scanned: 12,
  })
  expect((await previewFile(other, 'other')).suggested).toBe('audio-classification')
  await writeFiles(dir, { 'x/t.csv': 'text,label\nhello,a\n' })
  expect((await previewFile(join(dir, 'x', 't.csv'), 't.csv')).suggested).toBeNull()
})

describe('pictures', () => {
  const sight = { channels: 3, height: 2, width: 2, resize: null, kernel: 'linear' } as const

  test('of one channel are read in three, and in one', async () => {
    const grey = await writePicture(Uint8Array.of(0, 50, 100, 255), { height: 2, width: 2, channels: 1 })
    expect(Array.from(await readPicture(grey, sight, 'x'))).toEqual([0, 0, 0, 50, 50, 50, 100, 100, 100, 255, 255, 255])
    expect(Array.from(await readPicture(grey, { ...sight, channels: 1 }, 'x'))).toEqual([0, 50, 100, 255])
  })

  test('larger than the model are scaled, or their middle is cut out', async () => {
    const bytes = Uint8Array.from({ length: 4 * 6 }, (_, i) => (i % 6 < 2 || i % 6 > 3 ? 0 : 200))
    const wide = await writePicture(bytes, { height: 4, width: 6, channels: 1 })
    const one = { ...sight, channels: 1 as const }
    const cut = { ...one, resize: { height: 4, width: 4, covers: true } }
    expect(Array.from(await readPicture(wide, cut, 'x'))).toEqual([200, 200, 200, 200])
    const scaled = await readPicture(wide, { ...one, resize: { height: 2, width: 2, covers: false } }, 'x')
    expect(Array.from(scaled).every((value) => value > 30 && value < 100)).toBe(true)
    await errorOf('bad_file', () => readPicture(wide, { ...one, height: 5, width: 5 }, 'x'))
  })

  test('that are damaged are not decoded; large ones are shown small', async () => {
    await errorOf('bad_file', () => checkPicture(Buffer.from('no'), 'x'))
    const noise = Uint8Array.from({ length: 600 * 400 * 3 }, (_, i) => hash32(1, i) % 251)
    const large = await writePicture(noise, { height: 400, width: 600, channels: 3 })
    const small = await thumbnail(large, 100, 'x')
    expect(small.length).toBeLessThan(large.length)
    const shown = await showMedia(large, 'thumbnail', 'x')
    expect(shown.base64.length).toBeLessThan(large.length)
    await errorOf('bad_request', () => showMedia(large, 'mel', 'x'))
  })
})
