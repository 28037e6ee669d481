import { expect, test } from 'vitest'
import type { Ground } from '../../../core/cli/ground.ts'
import { type InputOptions, readInputs } from '../../../core/cli/inputs.ts'
import { table } from '../../../core/cli/table.ts'
import type { Run } from '../../../core/contract/domain.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { barPicture, writeFiles } from '../../support/media.ts'
import { temporaryFolder } from '../../support/temporary.ts'

async function* said(text: string): AsyncGenerator<string> {
  yield text
}

/** What options say in a folder that holds these files. Handles are the paths. */
async function inputsOf(
  task: TaskName,
  options: InputOptions,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  stdin = '',
) {
  const cwd = await temporaryFolder()
  await writeFiles(cwd, files)
  const ground = {
    io: { cwd, stdin: said(stdin) },
    host: { app: { files: { register: (path: string) => path.slice(cwd.length + 1) } } },
    output: { note: () => {} },
  }
  return readInputs(ground as unknown as Ground, { config: { task } } as Run, options)
}

const answered = (options: InputOptions, files?: Record<string, string>, stdin?: string) =>
  inputsOf('question-answering', options, files, stdin)

test('what is read beside a text is of the same record, whichever files have it', async () => {
  const files = {
    'a.csv': 'text,note\n1,x\n2,y\n',
    'b.jsonl': '{"text":3}\n{"text":4,"target_return":0.5}\n{"target_return":null,"text":"5"}',
    'c.txt': '6\n',
  }
  const options = { text: ['0'], input: ['a.csv', 'b.jsonl', '-', 'c.txt'] }
  const line = '{"text":7,"target_return":2}'
  expect(await inputsOf('decision-making', options, files, line)).toEqual({
    texts: ['0', '1', '2', '3', '4', '5', '7', '6'],
    fields: [{}, {}, {}, {}, { target_return: '0.5' }, {}, { target_return: '2' }, {}],
  })
  const once = await inputsOf('decision-making', { ...options, field: ['target_return=1=1'] }, files, line)
  expect(once.fields).toEqual(Array.from(once.texts, () => ({ target_return: '1=1' })))
  expect(await inputsOf('text-classification', { text: ['a'] })).toEqual({ texts: ['a'] })
})

test('there may be more of them than a call has arguments', async () => {
  const files = { 'a.csv': `text\n${'x\n'.repeat(200_000)}` }
  expect((await inputsOf('text-classification', { input: ['a.csv'] }, files)).texts).toHaveLength(200_000)
  const rows = Array.from({ length: 200_000 }, () => 'x')
  expect(table([{ title: 'TEXT', value: (row: string) => row }], rows).split('\n')).toHaveLength(200_001)
})

test('what a run has to read beside a text is said or in the file, and never empty', async () => {
  const files = { 'a.csv': 'text,question\nx,who?\ny,\n', 'b.csv': 'text,asked\nx,who?\n' }
  expect((await answered({ text: ['x'], field: ['question=who?'] })).fields).toEqual([{ question: 'who?' }])
  await expect(answered({ text: ['x'] })).rejects.toThrow('reads a question beside each text: give --field question=')
  await expect(answered({ input: ['a.csv'] }, files)).rejects.toThrow('a.csv, line 3: The question is empty.')
  await expect(answered({ input: ['b.csv'], column: 'text' }, files)).rejects.toThrow(
    'give --field question="…". b.csv has no such column; it has "text", "asked".',
  )
  expect(await answered({ input: ['-'] }, {}, '{"question":"who?","text":"x"}')).toEqual({
    texts: ['x'],
    fields: [{ question: 'who?' }],
  })
})

test.each([
  [
    'question-answering',
    'qestion=who?',
    'reads no "qestion": did you mean "question"? Beside each input it reads "question".',
  ],
  ['question-answering', 'question', '--field question says nothing: write question="…".'],
  ['question-answering', '=who?', 'reads no "": beside each input it reads "question".'],
  ['text-classification', 'label=spam', 'reads no "label": beside each input it reads nothing.'],
] as const)('%s: --field %s is refused', async (task, field, sentence) => {
  const refused = expect(inputsOf(task, { text: ['x'], field: [field] })).rejects
  await refused.toMatchObject({ code: 'bad_request', message: expect.stringContaining(sentence) })
})

test('a picture takes no unknown field either', async () => {
  const picture = { 'a.png': await barPicture(0, 1) }
  const options = { input: ['a.png'], text: ['what?'] }
  await expect(inputsOf('image-text-to-text', { ...options, field: ['image=b.png'] }, picture)).rejects.toThrow(
    'reads no "image": beside each input it reads "state", "scene".',
  )
  const asked = await inputsOf('image-text-to-text', { ...options, field: ['state=[1]'] }, picture)
  expect(asked).toEqual({ texts: ['what?'], fields: [{ state: '[1]' }], files: ['a.png'], names: ['a.png'] })
})

test('files of several paths are called as seen from here', async () => {
  const of = (...names: string[]) => Promise.all(names.map(async (name) => [name, await barPicture(0, 1)] as const))
  const pictures = Object.fromEntries(await of('a/1.png', 'b/1.png', 'c/d/1.png'))
  const files = { ...pictures, 'c/list.csv': 'image\nd/1.png\n' }
  const called = async (...input: string[]) => (await inputsOf('image-classification', { input }, files)).texts
  expect(await called('a')).toEqual(['1.png'])
  expect(await called('a', './b/1.png', 'c/list.csv')).toEqual(['a/1.png', 'b/1.png', 'c/d/1.png'])
})
