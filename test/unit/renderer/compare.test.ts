import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MetricRow, Run } from '../../../core/contract/domain.ts'
import { emptyAddress, readAddress, rotated, writeAddress } from '../../../renderer/features/compare/address.ts'
import { configLines, settingText, shownLines } from '../../../renderer/features/compare/config-rows.ts'
import { intervalScale, points } from '../../../renderer/features/compare/interval-scale.ts'
import { costLines, metricLines } from '../../../renderer/features/compare/metric-cells.ts'
import { excerpt, pageCount, pageSize, pieces, walked } from '../../../renderer/features/compare/walk.ts'

const query = (address: string) => address.split('?')[1] ?? ''

describe('the address of a comparison', () => {
  test('reads what it wrote, whatever was searched for', () => {
    const addresses = fc.record({
      runs: fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 2, maxLength: 12 }),
      filter: fc.constantFrom('all', 'disagree', 'wrong', 'all-wrong' as const),
      search: fc.string(),
      differencesOnly: fc.boolean(),
      at: fc.constantFrom('best', 'last'),
      vs: fc.boolean(),
    })
    fc.assert(
      fc.property(addresses, ({ vs, ...rest }) => {
        const address = { ...rest, versus: vs ? (rest.runs[1] ?? null) : null }
        expect(readAddress(query(writeAddress(address)))).toEqual(address)
      }),
    )
  })

  test('is short and readable', () => {
    expect(writeAddress({ ...emptyAddress, runs: ['a', 'b'], filter: 'disagree' })).toBe(
      '/compare?runs=a,b&filter=disagree',
    )
    expect(writeAddress(emptyAddress)).toBe('/compare')
  })

  test('what is not understood falls back', () => {
    const address = readAddress('runs=a,,b,a&filter=nonsense&vs=a&at=best')
    expect(address).toEqual({ ...emptyAddress, runs: ['a', 'b'] })
  })

  test('runs beyond what one comparison takes are left out', () => {
    const many = Array.from({ length: 20 }, (_, at) => `r${at}`)
    expect(readAddress(`runs=${many.join(',')}`).runs).toEqual(many.slice(0, 12))
  })

  test('pinning the next run turns them round', () => {
    expect(rotated(['a', 'b', 'c'])).toEqual(['b', 'c', 'a'])
  })
})

describe('the scale of the intervals', () => {
  test('always has zero on it, and every interval', () => {
    const share = fc.double({ min: -1, max: 1, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(share, share, share), { minLength: 1, maxLength: 11 }), (triples) => {
        const verdicts = triples.map((triple) => {
          const [low, difference, high] = triple.toSorted((one, other) => one - other) as [number, number, number]
          return { by: 'right' as const, low, difference, high }
        })
        const scale = intervalScale(verdicts)
        for (const value of [0, ...verdicts.flatMap(({ low, high }) => [low, high])]) {
          expect(scale.place(value)).toBeGreaterThan(0)
          expect(scale.place(value)).toBeLessThan(1)
        }
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2)
        expect(scale.ticks.length).toBeLessThanOrEqual(9)
      }),
    )
  })

  test('is one for all: the same value has the same place', () => {
    const wide = { by: 'right' as const, low: -0.05, difference: -0.03, high: -0.01 }
    const near = { by: 'right' as const, low: -0.01, difference: 0.005, high: 0.02 }
    const scale = intervalScale([wide, near])
    expect(scale.place(-0.01)).toBeLessThan(scale.place(0))
    expect(scale.ticks).toContain(0)
    expect(scale.ticks).toEqual([-0.04, -0.02, 0, 0.02])
  })

  test('differences read in points with their sign', () => {
    expect([0.0213, -0.5, 0, 0.00001].map((value) => points(value))).toEqual(['+2.13', '−50.00', '0', '0'])
  })
})

describe('the configuration table', () => {
  const rows = [
    { setting: 'learning_rate', values: [5e-5, 1e-3], differs: true },
    { setting: 'lora_r', values: [null, 8], differs: true },
    { setting: 'seed', values: [42, 42], differs: false },
    {
      setting: 'target_modules',
      values: [
        ['query', 'value'],
        ['query', 'value'],
      ],
      differs: false,
    },
    { setting: 'dataset_version', values: ['ab'.repeat(32), 'ab'.repeat(32)], differs: false },
  ]
  const lines = configLines(rows)

  test('cells say what stands there and whether the baseline has another', () => {
    expect(lines[0]).toMatchObject({
      label: 'Learning rate',
      cells: [
        { text: '5e-5', differs: false },
        { text: '1e-3', differs: true },
      ],
    })
    expect(lines[1]?.cells.map(({ text }) => text)).toEqual(['–', '8'])
    expect(lines[3]?.cells.map(({ differs }) => differs)).toEqual([false, false])
  })

  test('a hash is shortened to the eye and whole when copied', () => {
    expect(lines[4]?.cells[0]).toEqual({ text: 'ab'.repeat(32), shown: 'abababababab', differs: false })
  })

  test('differences only, search, and both', () => {
    const names = (only: boolean, typed: string) => shownLines(lines, only, typed).map(({ setting }) => setting)
    expect(names(true, '')).toEqual(['learning_rate', 'lora_r'])
    expect(names(false, 'query')).toEqual(['target_modules'])
    expect(names(false, 'LEARNING 5e')).toEqual(['learning_rate'])
    expect(names(true, 'seed')).toEqual([])
  })

  test('values read as people write them', () => {
    expect([true, null, '', 0.3, -1, [], { a: 1 }].map(settingText)).toEqual([
      'yes',
      '–',
      '–',
      '0.3',
      '−1',
      'none',
      '{"a":1}',
    ])
  })
})

describe('the metrics table', () => {
  const value = (best: number, last: number) => ({
    best: { value: best, step: 10 },
    last: { value: last, step: 20 },
    deltaBest: 0,
    deltaLast: 0,
  })
  const row = (better: MetricRow['better'], ...values: MetricRow['values']): MetricRow => ({
    series: 's',
    label: 'S',
    unit: '',
    better,
    values,
  })

  test('differences are against the baseline, in the direction of the metric', () => {
    const [line] = metricLines([row('lower', value(0.2, 0.4), value(0.1, 0.5))], 'best')
    expect(line?.cells[0]).toMatchObject({ value: 0.2, delta: null, improves: null })
    expect(line?.cells[1]).toMatchObject({ value: 0.1, step: 10, delta: -0.1, share: -0.5, improves: true })
    expect(line?.winners).toEqual([1])
    const [last] = metricLines([row('lower', value(0.2, 0.4), value(0.1, 0.5))], 'last')
    expect(last?.cells[1]).toMatchObject({ value: 0.5, step: 20, improves: false })
    expect(last?.winners).toEqual([0])
  })

  test('tell how far repeats lie apart, where a seed has a say', () => {
    const spread = { runs: 4, best: { mean: 0.3, deviation: 0.01 }, last: { mean: 0.5, deviation: 0.02 } }
    const values: MetricRow['values'] = [{ ...value(0.2, 0.4), spread }, value(0.1, 0.5)]
    const cellsAt = (at: 'best' | 'last', better: MetricRow['better']) =>
      metricLines([row(better, ...values)], at)[0]?.cells
    expect(cellsAt('best', 'lower')?.map((cell) => cell?.spread)).toEqual([
      { mean: 0.3, deviation: 0.01, runs: 4 },
      null,
    ])
    expect(cellsAt('last', 'lower')?.[0]?.spread).toEqual({ mean: 0.5, deviation: 0.02, runs: 4 })
    expect(cellsAt('best', null)?.[0]?.spread).toBeNull()
  })

  test('where neither way is better nothing is, and the last value stands', () => {
    const [line] = metricLines([row(null, value(1, 2), value(3, 4))], 'best')
    expect(line?.cells.map((cell) => cell?.value)).toEqual([2, 4])
    expect(line?.cells[1]?.improves).toBeNull()
    expect(line?.winners).toEqual([])
  })

  test('a run without the series has an empty cell; without a baseline there is no difference', () => {
    const [line] = metricLines([row('higher', null, value(0.9, 0.9), value(0.8, 0.8))], 'best')
    expect(line?.cells[0]).toBeNull()
    expect(line?.cells[1]).toMatchObject({ value: 0.9, delta: null, share: null, improves: null })
    expect(line?.winners).toEqual([1])
    expect(metricLines([row('higher', null, null)], 'best')).toEqual([])
  })

  test('equal values have no winner, and a share of zero is none', () => {
    const [line] = metricLines([row('higher', value(0, 0), value(0, 0))], 'best')
    expect(line?.winners).toEqual([])
    expect(line?.cells[1]).toMatchObject({ delta: 0, share: null, improves: null })
  })

  test('costs: less is better, and what no run has is left out', () => {
    const timed = (seconds: number) => ({ seconds, totalSeconds: 60, medianStepMs: 5, peakMemoryBytes: 1e9 })
    const run = (seconds: number | null) =>
      ({ timings: seconds === null ? null : timed(seconds), plan: null, bytes: 10 }) as Run
    const lines = costLines([run(20), run(10), run(null)])
    expect(lines.map(({ key }) => key)).toEqual(['seconds', 'total', 'median', 'peak', 'disk'])
    expect(lines[0]?.cells[1]).toMatchObject({ value: 10_000, delta: -10_000, share: -0.5, improves: true })
    expect(lines[0]?.cells[2]).toBeNull()
  })
})

describe('walking the examples', () => {
  test('over the end of a page and back, and no further than the ends', () => {
    const last = pageSize - 1
    expect(walked({ page: 0, row: last }, 1, 100)).toEqual({ page: 1, row: 0 })
    expect(walked({ page: 1, row: 0 }, -1, 100)).toEqual({ page: 0, row: last })
    expect(walked({ page: 0, row: 0 }, -1, 100)).toEqual({ page: 0, row: 0 })
    expect(walked({ page: 0, row: 2 }, 1, 3)).toEqual({ page: 0, row: 2 })
    expect([0, 1, pageSize, pageSize + 1].map(pageCount)).toEqual([1, 1, 1, 2])
  })

  test('a search is marked wherever it is found, and nothing of the text is lost', () => {
    expect(pieces('Spam, spam and eggs', 'spam')).toEqual([
      { text: 'Spam', hit: true },
      { text: ', ', hit: false },
      { text: 'spam', hit: true },
      { text: ' and eggs', hit: false },
    ])
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 3 }), (text, search) => {
        expect(
          pieces(text, search)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(text)
      }),
    )
  })

  test('letters that grow in lower case do not move the marks', () => {
    expect(pieces('İİ spam', 'spam')).toEqual([{ text: 'İİ spam', hit: false }])
  })

  test('an excerpt of a long text has the first hit in it', () => {
    const text = `${'word '.repeat(200)}needle ${'word '.repeat(200)}`
    expect(excerpt(text, 'needle', 120)).toContain('needle')
    expect(excerpt(text, '', 120).length).toBeLessThanOrEqual(121)
    expect(excerpt('short\n text', 'x', 120)).toBe('short text')
  })
})
