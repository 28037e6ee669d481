import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findInputs } from '../../../core/app/input-files.ts'
import { barPicture, toneClip, writeFiles } from '../../support/media.ts'
import { temporaryFolder } from '../../support/temporary.ts'

const nothing = { parts: {}, columns: {} }
const asked = { parts: { text: 'what is it?' }, columns: {} }

/** Two pictures in a folder of a folder, and what else lies about. */
async function folder(more: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const dir = await temporaryFolder()
  const pictures = { 'in/a.png': await barPicture(0, 1), 'in/b.png': await barPicture(1, 2) }
  await writeFiles(dir, { ...pictures, ...more })
  return dir
}

const names = async (...of: Parameters<typeof findInputs>) =>
  (await findInputs(...of)).inputs.map(({ fileName }) => fileName)

test('a picture, or all those of a folder; what is of another kind is counted and left out', async () => {
  const dir = await folder({ 'in/notes.txt': 'x', 'c.wav': toneClip(0, 0), '.hidden.png': 'x' })
  const alone = await findInputs('image-classification', join(dir, 'in', 'a.png'), nothing)
  expect(alone).toEqual({
    inputs: [{ path: join(dir, 'in', 'a.png'), fileName: 'a.png', parts: {} }],
    isFolder: false,
    leftOut: 0,
  })
  const found = await findInputs('image-classification', dir, nothing)
  expect(found).toMatchObject({ leftOut: 2, isFolder: true })
  expect(found.inputs.map(({ path }) => path)).toEqual([join(dir, 'in/a.png'), join(dir, 'in/b.png')])
  expect(await names('audio-classification', dir, nothing)).toEqual(['c.wav'])
  // A person's own link is followed wherever it leads.
  const elsewhere = join(await temporaryFolder(), 'link.png')
  await symlink(join(dir, 'in', 'b.png'), elsewhere)
  expect((await findInputs('image-classification', elsewhere, nothing)).inputs[0]?.fileName).toBe('link.png')
})

test('a table that names them, by guessed or given columns, with what else is read', async () => {
  const lines = [
    '{"question":"where?","image":"in/a.png","state":"[1, 2]","answer":"here"}',
    '{"question":"what?","image":"in/b.png"}',
  ]
  const dir = await folder({ 'rows.jsonl': lines.join('\n'), 'list.csv': ',path,other\n0,in/b.png,1\n1,in/a.png,2\n' })
  const { inputs } = await findInputs('image-text-to-text', join(dir, 'rows.jsonl'), nothing)
  expect(inputs).toEqual([
    { path: join(dir, 'in/a.png'), fileName: 'in/a.png', parts: { text: 'where?', state: '[1, 2]' } },
    { path: join(dir, 'in/b.png'), fileName: 'in/b.png', parts: { text: 'what?' } },
  ])
  const same = await findInputs('image-text-to-text', join(dir, 'rows.jsonl'), asked)
  expect(same.inputs.map(({ parts }) => parts.text)).toEqual(['what is it?', 'what is it?'])
  expect(await names('image-classification', join(dir, 'list.csv'), nothing)).toEqual(['in/b.png', 'in/a.png'])
  const given = { parts: {}, columns: { text: 'path' } }
  expect(await names('image-classification', join(dir, 'list.csv'), given)).toHaveLength(2)
  expect((await findInputs('image-text-to-text', join(dir, 'in', 'a.png'), asked)).inputs[0]?.parts).toEqual(
    asked.parts,
  )
})

test.each([
  ['gone.csv', '', nothing, 'There is no file or folder'],
  ['a.csv', 'image\n../x.png\n', nothing, 'a.csv, line 2: ../x.png does not lie below the folder'],
  ['b.csv', 'image,n\nin/a.png,1\n,2\n', nothing, 'line 3: The text (column "image") is empty'],
  ['c.csv', 'image\nin/a.png\n', { parts: {}, columns: { text: 'picture' } }, 'no column "picture". It has "image"'],
  ['d.csv', 'image\nin/gone.png\n', nothing, 'd.csv, line 2: in/gone.png is not there'],
  ['e.csv', 'image\nin/a.png\nc.wav\n', nothing, 'e.csv, line 3: c.wav is no image file'],
  ['c.wav', '', nothing, 'c.wav is no image file that can be read: it has to be PNG and JPEG'],
])('%s is refused in a sentence', async (name, content, given, sentence) => {
  const dir = await folder({ 'c.wav': toneClip(0, 0) })
  if (content !== '') await writeFile(join(dir, name), content)
  await expect(findInputs('image-classification', join(dir, name), given)).rejects.toThrow(sentence)
})

test('what lacks a part that the task reads is refused with what there is', async () => {
  const dir = await folder({ 'rows.csv': 'image,extra\nin/a.png,7\nin/b.png,7\n' })
  const of = (path: string) => findInputs('image-text-to-text', join(dir, path), nothing)
  await expect(of('in/a.png')).rejects.toMatchObject({
    code: 'bad_data',
    message: expect.stringContaining('There is no text (What is asked or ordered) in a.png: say it once'),
  })
  await expect(of('in')).rejects.toMatchObject({ code: 'bad_data' })
  await expect(of('rows.csv')).rejects.toThrow('in rows.csv, which has "image", "extra": say it once')
  const wordless = join(await temporaryFolder(), 'empty')
  await writeFiles(wordless, { 'notes.txt': 'x' })
  await expect(findInputs('image-classification', wordless, nothing)).rejects.toThrow('There is no picture in empty')
})
