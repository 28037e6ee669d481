import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readTexts } from '../../../core/cli/input-texts.ts'
import type { Io } from '../../../core/cli/io.ts'

const cwd = mkdtempSync(join(tmpdir(), 'attune-texts-'))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

async function* said(text: string): AsyncGenerator<Uint8Array> {
  // In two pieces, cut inside a character.
  const bytes = Buffer.from(text)
  yield bytes.subarray(0, 7)
  yield bytes.subarray(7)
}
const io = (stdin = ''): Io => ({
  stdout: { write: () => true },
  stderr: { write: () => true },
  stdin: said(stdin),
  cwd,
  onSignal: () => () => {},
  exit: () => {},
})
const read = (name: string, content: string | Uint8Array, column?: string) => {
  writeFileSync(join(cwd, name), content)
  return readTexts(name, column, io())
}

test('texts come from a column, a field, or lines', async () => {
  expect(await read('a.csv', '\ufeffid,text\n1,"a, ""b""\nc"\n2,d\n')).toEqual(['a, "b"\nc', 'd'])
  expect(await read('a.csv', 'body,id\nx,1\n', 'body')).toEqual(['x'])
  expect(await read('one.csv', 'body\nx\n')).toEqual(['x'])
  expect(await read('a.csv', 'id;text\n1;"x, y; z"\n')).toEqual(['x, y; z'])
  expect(await read('a.tsv', 'text\tid\nx, y\t1\n')).toEqual(['x, y'])
  expect(await read('a.jsonl', '{"text":"x"}\r\n\n{"text":"y"}')).toEqual(['x', 'y'])
  expect(await read('a.jsonl', '{"__proto__":"x","a":1}', '__proto__')).toEqual(['x'])
  expect(await read('a.jsonl', '{"id":1}\n{"id":10000000000000000007,"more":2}', 'id')).toEqual([
    '1',
    '10000000000000000007',
  ])
  // As pandas writes its index, and a name twice.
  expect(await read('a.csv', ',text,n,n\n0,x,1,2\n')).toEqual(['x'])
  expect(await read('a.txt', 'x\n\ny\n')).toEqual(['x', 'y'])
  expect(await readTexts('-', undefined, io('hello é\nyou'))).toEqual(['hello é', 'you'])
  expect(await readTexts('-', undefined, io('{"text":"é"}\n'))).toEqual(['é'])
})

test('what cannot be read is said with its place', async () => {
  await expect(read('a.csv', 'txt,id\nx,1\n', 'txet')).rejects.toThrow('Did you mean "txt"? It has "txt", "id"')
  await expect(read('a.csv', 'body,id\nx,1\n')).rejects.toThrow('has no column "text"')
  await expect(read('a.csv', 'text,id\nx\n')).rejects.toMatchObject({
    code: 'bad_file',
    message: 'a.csv, line 2: The row has 1 field, the header 2.',
  })
  await expect(read('a.jsonl', '{"text":"x"}\n[1]')).rejects.toThrow('a.jsonl, line 2: The line is not a JSON object')
  await expect(read('a.jsonl', '{"text":"x"}\n{"txt":"y"}')).rejects.toThrow(
    'line 2: there is no text in the field "text"',
  )
  await expect(read('a.txt', Buffer.from([0x68, 0xff]))).rejects.toThrow('not UTF-8')
  await expect(read('a.txt', '')).rejects.toMatchObject({ code: 'bad_data' })
  await expect(readTexts('nowhere.csv', undefined, io())).rejects.toMatchObject({ code: 'not_found' })
})
