import { describe, expect, test } from 'vitest'
import type { Preview, TokenPreview } from '../../../core/contract/domain.ts'
import { tasks } from '../../../core/contract/settings.ts'
import {
  classShares,
  headingOf,
  mappingDoubts,
  mappingOf,
  mappingProblem,
  nameFromFile,
  previewClasses,
  textIsRead,
} from '../../../renderer/features/datasets/columns.ts'
import {
  suggestedLength,
  tokenKind,
  tokenText,
  truncationSentence,
} from '../../../renderer/features/datasets/truncation.ts'
import { folderProblem, neededFiles } from '../../../renderer/features/models/folder.ts'

const column = (name: string, distinct: number) => ({ name, distinct, empty: 0, meanLength: 5, sample: '' })
/** No guess for any task. */
const nothing = Object.fromEntries(tasks.map((task) => [task, {}])) as Preview['guesses']
const preview: Preview = {
  fileName: 'mails.train.csv',
  format: 'csv',
  encoding: 'utf-8',
  delimiter: ',',
  bytes: 100,
  columns: [column('text', 40), column('label', 2), column('id', 40)],
  suggested: null,
  guesses: {
    ...nothing,
    'text-classification': { text: 'text', label: 'label' },
    'text-generation': { text: 'text' },
  },
  rows: [
    { line: 2, cells: ['a', 'ham', '1'] },
    { line: 3, cells: ['b', 'spam', '2'] },
    { line: 4, cells: ['c', ' spam ', '3'] },
    { line: 5, cells: ['d', '', '4'] },
  ],
  scanned: 40,
  complete: true,
  problems: [],
  problemCount: 0,
}

describe('columns of an import', () => {
  test("the person's choice goes over the guess, unless this file has no such column", () => {
    expect(mappingOf(preview, {}, 'text-classification')).toEqual({ text: 'text', label: 'label' })
    expect(mappingOf(preview, { label: 'id' }, 'text-classification')).toEqual({ text: 'text', label: 'id' })
    expect(mappingOf(preview, { label: 'gone' }, 'text-classification')).toEqual({ text: 'text', label: 'label' })
    expect(mappingOf({ ...preview, guesses: nothing }, { text: 'id' }, 'text-classification')).toEqual({ text: 'id' })
  })

  test('text generation takes a text and nothing else', () => {
    const single = { ...preview, columns: [column('story', 40)] }
    expect(mappingOf(preview, { label: 'id' }, 'text-generation')).toEqual({ text: 'text' })
    expect(mappingOf(single, { text: 'story' }, 'text-generation')).toEqual({ text: 'story' })
    expect(mappingProblem(single, { text: 'story' }, 'text-generation')).toBeNull()
    expect(mappingProblem(single, {}, 'text-generation')).toContain('text')
  })

  test('what cannot be imported is said in a sentence', () => {
    expect(mappingProblem(preview, { text: 'text', label: 'label' }, 'text-classification')).toBeNull()
    expect(mappingProblem(preview, { label: 'label' }, 'text-classification')).toContain('text')
    expect(mappingProblem(preview, { text: 'text', label: 'text' }, 'text-classification')).toContain('two columns')
    expect(
      mappingProblem({ ...preview, columns: [column('text', 3)] }, { text: 'text' }, 'text-classification'),
    ).toContain('1 column')
    const single = { ...preview, columns: [column('text', 40), column('label', 1)] }
    expect(mappingProblem(single, { text: 'text', label: 'label' }, 'text-classification')).toContain('one value only')
    expect(
      mappingProblem({ ...single, complete: false }, { text: 'text', label: 'label' }, 'text-classification'),
    ).toBeNull()
  })

  test('a label that is nearly always another is doubted, and empty cells are counted', () => {
    expect(mappingDoubts(preview, { label: 'id' }, 'text-classification')).toEqual([
      expect.stringContaining('40 different values'),
    ])
    expect(mappingDoubts(preview, { text: 'text', label: 'label' }, 'text-classification')).toEqual([])
    const gaps = { ...preview, columns: [column('text', 40), { ...column('label', 2), empty: 3 }] }
    expect(mappingDoubts(gaps, { text: 'text', label: 'label' }, 'text-classification')).toEqual([
      '3 rows of those looked at have no label.',
    ])
  })

  test('classes of the shown rows, largest first, empty cells left out', () => {
    expect(previewClasses(preview, 'label')).toEqual([
      { label: 'spam', count: 2, share: 2 / 3 },
      { label: 'ham', count: 1, share: 1 / 3 },
    ])
    expect(previewClasses(preview, undefined)).toEqual([])
    expect(classShares([{ label: 'a', count: 0 }])[0]?.share).toBe(0)
  })

  test('a name from the file', () => {
    expect(['mails.train.csv', 'mails', '.csv'].map(nameFromFile)).toEqual(['mails.train', 'mails', '.csv'])
  })
})

describe('truncation', () => {
  const tokens = (maxLength: number, truncated: number, p95: number, max: number): TokenPreview => ({
    model: 'm',
    maxLength,
    scanned: 1000,
    truncated,
    lengths: { median: 60, p95, max, histogram: [] },
    rows: [],
  })

  test('suggests the shortest usual length that keeps 95 % whole, within the model', () => {
    expect(suggestedLength(tokens(128, 0, 100, 300), 512)).toBe(128)
    expect(suggestedLength(tokens(128, 0, 129, 300), 512)).toBe(192)
    expect(suggestedLength(tokens(128, 0, 900, 2000), 512)).toBe(512)
  })

  test.each([
    ['nothing is cut', tokens(128, 0, 100, 120), /Nothing is cut.*120 tokens\.$/],
    ['a shorter length would do', tokens(512, 0, 60, 64), /64 would do as well/],
    ['little is cut', tokens(128, 30, 100, 300), /3\.0.%.*suits/],
    ['much is cut', tokens(64, 400, 190, 900), /40\.0.%.*192 would keep 95 %/],
    ['the model takes no more', tokens(512, 400, 900, 2000), /no more than 512/],
    ['only the limit is left', tokens(128, 400, 900, 2000), /512 is the model's limit/],
  ])('%s', (_, preview, sentence) => expect(truncationSentence(preview, 512)).toMatch(sentence))

  test('tokens are told apart', () => {
    expect(['[CLS]', '[UNK]', '##ing', 'ing', '</s>', '[draft]'].map(tokenKind)).toEqual([
      'special',
      'unknown',
      'continued',
      'plain',
      'special',
      'plain',
    ])
    expect(tokenText('##ing')).toBe('ing')
  })
})

describe("a model's folder in a browser", () => {
  test('what is missing is named', () => {
    expect(folderProblem(['config.json', 'model.safetensors', 'vocab.txt'])).toBeNull()
    expect(folderProblem(['model.safetensors', 'vocab.txt'])).toContain('config.json')
    expect(folderProblem(['config.json', 'pytorch_model.bin', 'vocab.txt'])).toContain('convert')
    expect(folderProblem(['config.json', 'vocab.txt'])).toBe('The folder has no model.safetensors.')
    // Models of pictures have no tokenizer.
    expect(folderProblem(['config.json', 'model.safetensors'])).toBeNull()
  })

  test('only what a model is made of is sent', () => {
    const file = (path: string) => ({ name: path.split('/').at(-1) ?? '', webkitRelativePath: path })
    const sent = neededFiles(
      ['m/config.json', 'm/model.safetensors', 'm/pytorch_model.bin', 'm/onnx/model.json', 'm/LICENSE', 'm/.git'].map(
        file,
      ),
    )
    expect(sent.map(({ name }) => name)).toEqual(['config.json', 'model.safetensors', 'LICENSE'])
  })
})

test('parts of rows are headed by what they are; a text is one that is read', () => {
  expect(headingOf('image-classification', 'text')).toBe('Picture')
  expect(headingOf('chat', 'text')).toBe('Conversation')
  expect(headingOf('text-classification', 'more')).toBe('more')
  expect((['text-classification', 'chat', 'image-text-to-text'] as const).map(textIsRead)).toEqual([true, true, true])
  expect((['image-classification', 'decision-making'] as const).map(textIsRead)).toEqual([false, false])
})
