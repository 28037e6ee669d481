import { expect, test } from 'vitest'
import { bytes, duration, number, percent, plain } from '../../../core/cli/format.ts'
import { pick } from '../../../core/cli/pick.ts'
import { facts, table } from '../../../core/cli/table.ts'

const things = [
  { id: 'abc111', name: 'first' },
  { id: 'abc222', name: 'second' },
  { id: 'xyz333', name: 'Twin' },
  { id: 'xyz444', name: 'twin' },
]

test('things are picked by id, name, the beginning of an id, or name in any case', () => {
  expect(pick('run', things, 'abc111').name).toBe('first')
  expect(pick('run', things, 'second').id).toBe('abc222')
  expect(pick('run', things, 'abc2').name).toBe('second')
  expect(pick('run', things, 'twin').id).toBe('xyz444')
  expect(pick('run', things, 'SECOND').id).toBe('abc222')
})

test('what fits several or none is an error that helps', () => {
  expect(() => pick('run', things, 'abc')).toThrow('"abc" could be 2 runs: abc111 (first), abc222 (second).')
  expect(() => pick('run', things, 'TWIN')).toThrow('xyz333 (Twin), xyz444 (twin)')
  expect(() => pick('run', things, 'secnd')).toThrow('Did you mean "second"?')
  expect(() => pick('dataset', things, 'ab')).toThrow('"attune datasets list" shows those that there are.')
})

test('tables line up, cut long cells and keep data on its line', () => {
  const text = table(
    [
      { title: 'NAME', value: ({ name }: { name: string }) => name, max: 6 },
      { title: 'N', value: ({ name }) => String(name.length), right: true },
    ],
    [{ name: 'one\u001b[31m\ntwo' }, { name: 'ß' }, { name: 'x'.repeat(10) }],
  )
  expect(text).toBe(['NAME     N', 'one […  12', 'ß        1', 'xxxxx…  10'].join('\n'))
  expect(
    facts([
      ['a', '1'],
      ['long', '2'],
    ]),
  ).toBe('a     1\nlong  2')
})

test('numbers read well', () => {
  expect([bytes(0), bytes(999), bytes(90_868_376), bytes(5e9)]).toEqual(['0 B', '999 B', '90.9 MB', '5.00 GB'])
  expect([duration(3.21), duration(59.4), duration(200), duration(7500)]).toEqual([
    '3.2 s',
    '59 s',
    '3 min 20 s',
    '2 h 5 min',
  ])
  expect([number(0), number(12), number(0.43215), number(5e-5), number(1234567.8)]).toEqual([
    '0',
    '12',
    '0.4321',
    '5.00e-5',
    '1.23e+6',
  ])
  expect([percent(0.9523), plain(null), plain('x'), plain([1])]).toEqual(['95.2 %', '–', 'x', '[1]'])
})
