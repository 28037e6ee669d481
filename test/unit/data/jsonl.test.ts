import { describe, expect, test } from 'vitest'
import { errorOf } from '../../support/temporary.ts'
import { readAll } from './tables.ts'

const read = (content: string) => readAll(content, 'data.jsonl')

describe('D07 lines that cannot be used', () => {
  test('are named by line, and the others are read', async () => {
    const good = '{"text":"a","label":"x"}\n'
    const { rows, problems, lines } = await read(`${good}{"text":\n\n[1]\n"text"\n5\nnull\n${good}`)
    expect(rows).toHaveLength(2)
    expect(lines).toEqual([1, 8])
    expect(problems.map((problem) => problem.slice(0, 2))).toEqual(['2:', '4:', '5:', '6:', '7:'])
    expect(problems[0]).toContain('not valid JSON')
    expect(problems[1]).toContain('not a JSON object')
  })

  test('far into a file, across the pieces that are read', async () => {
    const { rows, problems } = await read(
      `${'{"text":"some words","label":"x"}\n'.repeat(20_000)}{"text"\n{"text":"z"}\n`,
    )
    expect(rows).toHaveLength(20_001)
    expect(problems).toEqual([expect.stringMatching(/^20001: /)])
  })

  test('a trailing partial line says so; a whole one without line end is read', async () => {
    const { problems } = await read('{"text":"a"}\n{"text":"b')
    expect(problems).toEqual([expect.stringMatching(/^2: .*the file may be cut off\.$/)])
    expect((await read('{"text":"a"}\r\n{"text":"b"}')).rows).toEqual([['a'], ['b']])
  })
})

describe('JSON lines', () => {
  test('columns are all keys, in the order they are met', async () => {
    const { columns, rows } = await read('{"b":"1"}\n{"a":"2","b":"3"}\n')
    expect(columns).toEqual(['b', 'a'])
    expect(rows).toEqual([
      ['1', null],
      ['3', '2'],
    ])
  })

  test('values that are no texts read as the file has them', async () => {
    const { rows } = await read('{"a":true,"b":null,"c":-0.10e2,"d":["x",{"y":1.0}],"e":"\\u00e9"}\n')
    expect(rows).toEqual([['true', '', '-0.10e2', '["x",{"y":1.0}]', 'é']])
  })

  test('nesting beyond 100 levels is refused before it is parsed, brackets in texts are not nesting', async () => {
    const deep = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
    const { rows, problems } = await read(
      `${deep(99)}\n${deep(100)}\n${deep(200_000)}\n{"a":"${'['.repeat(500)}\\"["}\n`,
    )
    expect(rows).toHaveLength(2)
    expect(problems.map((problem) => problem.slice(0, 2))).toEqual(['2:', '3:'])
  })

  test('keys without end are refused', async () => {
    const line = (start: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`k${start + i}`, 1])))
    const error = await errorOf('bad_file', () => read([0, 4000, 8000].map(line).join('\n')))
    expect(error.message).toContain('line 3')
  })
})
