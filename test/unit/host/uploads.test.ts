import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { relativeParts, safeFileName } from '../../../core/host/doors/upload-name.ts'
import { type ByteSource, openUploads } from '../../../core/host/doors/uploads.ts'
import { servedSmallApp } from './served.ts'

const dir = mkdtempSync(join(tmpdir(), 'attune-uploads-'))
let s: Awaited<ReturnType<typeof servedSmallApp>>
beforeAll(async () => {
  s = await servedSmallApp()
})
afterAll(async () => {
  await s.close()
  rmSync(dir, { recursive: true, force: true })
})

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}
const bytes = (text: string, size: number | null = null): ByteSource => ({ size, chunks: chunks(text) })
const upload = async (query: string, body: string) => {
  const headers = s.own.map(([k, v]) => [k, k === 'Content-Type' ? 'application/octet-stream' : v] as const)
  const path = `/api/files?${query}`
  const { status, text } = await s.ask({ method: 'POST', path, headers: [...headers, s.cookie], body })
  return { status, body: JSON.parse(text) }
}

/** Every file below a folder, for finding what should not be there. */
function below(folder: string): string[] {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

describe('over HTTP', () => {
  test('a file is kept byte for byte, and known by its handle only', async () => {
    const text = 'text,label\n"héllo",spam\n'.repeat(10_000)
    const { status, body } = await upload(`name=${encodeURIComponent('../../e mails.csv')}`, text)
    expect(status).toBe(200)
    const known = s.app.registered.find(({ handle }) => handle === body.value.handle)
    expect(known?.fileName).toBe('../../e mails.csv')
    expect(known?.path.startsWith(join(s.home, 'uploads'))).toBe(true)
    expect(basename(known?.path ?? '')).toBe('e mails.csv')
    expect(readFileSync(known?.path ?? '', 'utf8')).toBe(text)
    expect(JSON.stringify(body)).not.toContain(s.home)
  })

  test('files of a folder are gathered below it', async () => {
    const first = await upload('name=minilm%2Fconfig.json&folder=', '{}')
    const { handle } = first.body.value
    expect((await upload(`name=minilm%2Ftok%2Fvocab.txt&folder=${handle}`, '[PAD]')).body.value.handle).toBe(handle)
    const known = s.app.registered.find((entry) => entry.handle === handle)
    expect(known?.fileName).toBe('minilm')
    expect(readFileSync(join(known?.path ?? '', 'config.json'), 'utf8')).toBe('{}')
    expect(readFileSync(join(known?.path ?? '', 'tok', 'vocab.txt'), 'utf8')).toBe('[PAD]')

    const again = await upload(`name=minilm%2Fconfig.json&folder=${handle}`, 'other')
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } })
    expect(readFileSync(join(known?.path ?? '', 'config.json'), 'utf8')).toBe('{}')
    const unknown = await upload('name=minilm%2Fconfig.json&folder=handle-of-nobody', '{}')
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    for (const name of ['../x', 'a/../../x', '/etc/x', 'C:/x', 'a\\..\\x', 'a/x%00', 'a/x:y', 'con.txt', 'a//x']) {
      const query = `name=${name.includes('%') ? name : encodeURIComponent(name)}&folder=${handle}`
      expect(await upload(query, '')).toMatchObject({ status: 400, body: { error: { code: 'bad_request' } } })
    }
    expect(below(known?.path ?? '').length).toBe(2)
  })

  test('no name is refused, and an upload that breaks off leaves nothing', async () => {
    expect(await upload('', 'x')).toMatchObject({ status: 400 })
    const before = below(s.home).length
    await new Promise<void>((resolve) => {
      const headers = Object.fromEntries([...s.own, s.cookie, ['Content-Length', '1000000']])
      const path = '/api/files?name=half.csv'
      const options = { host: '127.0.0.1', port: s.port, method: 'POST', path }
      const asked = request({ ...options, headers: { ...headers, 'Content-Type': 'application/octet-stream' } })
      asked.on('error', () => resolve())
      asked.write('x'.repeat(1000), () => setTimeout(() => asked.destroy(), 20))
    })
    while (below(s.home).length > before) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(s.app.registered.some(({ fileName }) => fileName === 'half.csv')).toBe(false)
  })
})

describe('limits', () => {
  const limits = { maxBytes: 10, reserveBytes: 0, maxFilesPerFolder: 2 }

  test('too many bytes are refused whether announced or not, and nothing stays', async () => {
    const uploads = await openUploads(join(dir, 'size'), limits)
    await expect(uploads.addFile('a.csv', bytes('', 11))).rejects.toMatchObject({ code: 'bad_request' })
    await expect(uploads.addFile('a.csv', { size: null, chunks: chunks('12345', '678901') })).rejects.toThrow(/larger/)
    await expect(uploads.addFile('a.csv', bytes('123', 4))).rejects.toThrow('3 of 4')
    expect(below(join(dir, 'size'))).toEqual([])
    expect(readFileSync(await uploads.addFile('a.csv', bytes('1234567890', 10)), 'utf8')).toBe('1234567890')
  })

  test('a disk without room says so first', async () => {
    const uploads = await openUploads(join(dir, 'room'), { ...limits, reserveBytes: 2 ** 60 })
    await expect(uploads.addFile('a.csv', bytes('1'))).rejects.toMatchObject({ code: 'disk_full' })
  })

  test('a folder takes only so many files', async () => {
    const uploads = await openUploads(join(dir, 'many'), limits)
    const folder = await uploads.addFolder()
    await uploads.addToFolder(folder, 'a', bytes(''))
    await uploads.addToFolder(folder, 'b', bytes(''))
    await expect(uploads.addToFolder(folder, 'c', bytes(''))).rejects.toMatchObject({ code: 'bad_request' })
    await expect(uploads.addToFolder(dirname(folder), 'c', bytes(''))).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('closing deletes our own uploads; those of a process that is gone for a day are swept', async () => {
  const place = join(dir, 'sweep')
  const [one, other] = [await openUploads(place), await openUploads(place)]
  const path = await one.addFile('a.csv', bytes('1'))
  const kept = await other.addFile('a.csv', bytes('2'))
  await one.close()
  expect([existsSync(path), existsSync(kept)]).toEqual([false, true])
  writeFileSync(join(place, 'old'), '')
  utimesSync(join(place, 'old'), 0, 0)
  await openUploads(place)
  expect([existsSync(join(place, 'old')), existsSync(kept)]).toEqual([false, true])
})

test('file names become safe on every platform', () => {
  expect(safeFileName('mails.csv')).toBe('mails.csv')
  expect(safeFileName('C:\\Users\\me\\mails.csv')).toBe('mails.csv')
  expect(safeFileName('a:b*c?.jsonl')).toBe('a_b_c_.jsonl')
  expect(safeFileName('a\u0000b.csv')).toBe('a_b.csv')
  expect(safeFileName('NUL.csv')).toBe('_NUL.csv')
  expect(safeFileName('..')).toBe('_')
  expect(safeFileName('')).toBe('_')
  expect(safeFileName(`${'é'.repeat(300)}.csv`)).toBe(`${'é'.repeat(98)}.csv`)
  expect(relativeParts('tokenizer/vocab.txt')).toEqual(['tokenizer', 'vocab.txt'])
  expect(() => relativeParts('a/b/c/d/e/f/g/h/i')).toThrow('more than 8 parts')
})
