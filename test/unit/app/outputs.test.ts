import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Judged, joinRuns, outputsOf, valuesOf } from '../../../core/app/outputs.ts'
import { verdictsOnce } from '../../../core/app/verdicts.ts'
import type { Run } from '../../../core/contract/domain.ts'
import { writeRowStore } from '../../../core/data/row-store.ts'
import { temporaryFolder } from '../../support/temporary.ts'

/** A run without classes, and its loss on the rows. */
function judged(name: string, losses: Readonly<Record<number, number>>): Judged {
  const run = { id: name, name, config: { task: 'text-generation' }, dataset: { contentHash: 'x' }, plan: null }
  const none = { gold: new Int32Array(), predicted: new Int32Array(), confidence: new Float32Array() }
  const rows = Int32Array.from(Object.keys(losses), Number)
  const loss = Float32Array.from(Object.values(losses))
  return { run: run as unknown as Run, predictions: { ...none, rows, loss, values: loss, answers: null } }
}

async function storeOfTexts(): Promise<string> {
  const dir = join(await temporaryFolder(), 'texts')
  const texts = async function* () {
    for (let line = 1; line <= 5; line++) yield { line, text: `story ${line}`, label: '' }
  }
  await writeRowStore(dir, texts())
  return dir
}

test('runs without classes are compared by their loss on each row', async () => {
  const sides = [judged('a', { 0: 2, 1: 3, 3: 1, 4: 2.5 }), judged('b', { 0: 1, 1: 3, 3: 2, 4: 2 })]
  const joined = joinRuns(sides)
  expect(joined).toMatchObject({ count: 4, judgement: { by: 'values', better: 'lower' } })
  expect(valuesOf(joined)).toEqual([Float64Array.of(2, 3, 1, 2.5), Float64Array.of(1, 3, 2, 2)])

  const dir = await storeOfTexts()
  const runs = sides.map(({ run }) => run)
  const ask = async (filter: 'all' | 'only-candidate-right' | 'only-baseline-right' | 'all-right') => {
    const { rows, matching } = await outputsOf(runs, joined, dir, { filter, offset: 0, limit: 10 })
    expect(matching).toBe(rows.length)
    return rows
  }
  expect((await ask('all')).map(({ row, text }) => [row, text])).toEqual([
    [0, 'story 1'],
    [1, 'story 2'],
    [3, 'story 4'],
    [4, 'story 5'],
  ])
  expect((await ask('only-candidate-right')).map(({ row }) => row)).toEqual([0, 4])
  expect((await ask('all-right')).map(({ row }) => row)).toEqual([1])
  const [only] = await ask('only-baseline-right')
  expect(only?.predictions).toEqual([
    { row: 3, predicted: null, confidence: null, loss: 1, value: 1, correct: true },
    { row: 3, predicted: null, confidence: null, loss: 2, value: 2, correct: false },
  ])
})

test('a verdict by values is worked out once, and again when a run has been evaluated anew', () => {
  const first = judged('a', { 0: 2, 1: 3, 3: 1, 4: 2.5 })
  const second = judged('b', { 0: 1, 1: 3, 3: 2, 4: 2 })
  const later = judged('b', { 0: 1, 1: 2, 3: 0.5, 4: 2 })
  const judge = verdictsOnce()
  const said = judge(first.run, second.run, joinRuns([first, second]))
  expect(said).toMatchObject({ baseline: 'a', candidate: 'b', examples: 4, difference: -0.125 })
  expect(judge(first.run, second.run, joinRuns([first, second]))).toBe(said)
  expect(judge(first.run, later.run, joinRuns([first, later]))?.difference).toBe(-0.75)
  expect(judge(first.run, { ...second.run, name: 'c' }, joinRuns([first, second]))?.sentence).toContain('“c”')
  expect(judge(first.run, second.run, joinRuns([judged('a', { 0: 1 }), judged('b', { 0: 2 })]))).toBeNull()
})
