import { describe, expect, test } from 'vitest'
import { search } from '../../../renderer/app/commands.ts'
import { placeOf } from '../../../renderer/app/hash-location.ts'
import { comparePath, emptySelection, pruned, ranged, toggled, withBaseline } from '../../../renderer/app/selection.ts'
import { matches, readableKeys } from '../../../renderer/ui/shortcuts.ts'
import { sorted } from '../../../renderer/ui/sorting.ts'

describe('the selection', () => {
  test('keeps the order of ticking: the first is the baseline', () => {
    expect(toggled(toggled(['a'], 'c'), 'b')).toEqual(['a', 'c', 'b'])
    expect(toggled(['a', 'c', 'b'], 'a')).toEqual(['c', 'b'])
    expect(withBaseline(['a', 'b', 'c'], 'c')).toEqual(['c', 'a', 'b'])
    expect(withBaseline(['a'], 'new')).toEqual(['new', 'a'])
  })

  const shown = ['a', 'b', 'c', 'd', 'e']

  test('a shift-click ticks all between, upwards too, and leaves the rest', () => {
    expect(ranged(['b'], shown, 'b', 'd')).toEqual(['b', 'c', 'd'])
    expect(ranged(['d', 'x'], shown, 'd', 'b')).toEqual(['d', 'x', 'b', 'c'])
  })

  test('a shift-click on a ticked one clears all between', () => {
    expect(ranged(['a', 'b', 'c', 'd'], shown, 'b', 'd')).toEqual(['a'])
  })

  test('without an anchor that is still shown, only the clicked one changes', () => {
    expect(ranged(['a'], shown, null, 'd')).toEqual(['a', 'd'])
    expect(ranged(['a'], shown, 'gone', 'd')).toEqual(['a', 'd'])
  })

  test('forgets deleted runs, and stays the same object when none is gone', () => {
    const selection = { ...emptySelection, selected: ['a', 'b'], hidden: ['c'] }
    expect(pruned(selection, new Set(['b']))).toMatchObject({ selected: ['b'], hidden: [] })
    expect(pruned(selection, new Set(['a', 'b', 'c']))).toBe(selection)
  })

  test('has an address', () => {
    expect(comparePath(['a', 'b'])).toBe('/compare?runs=a,b')
    expect(comparePath([])).toBe('/compare')
  })
})

test('the place is in the fragment, query included', () => {
  expect(placeOf('#/compare?runs=a,b')).toEqual({ path: '/compare', search: 'runs=a,b' })
  expect(placeOf('')).toEqual({ path: '/', search: '' })
  expect(placeOf('#runs/7?tab=log&q=why?')).toEqual({ path: '/runs/7', search: 'tab=log&q=why?' })
})

describe('shortcuts', () => {
  const key = (name: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey', boolean>> = {}) => ({
    key: name,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    ...held,
  })

  test('Mod is Command on a Mac and Control elsewhere', () => {
    expect(matches('Mod+K', key('k', { ctrlKey: true }), false)).toBe(true)
    expect(matches('Mod+K', key('k', { metaKey: true }), false)).toBe(false)
    expect(matches('Mod+K', key('k', { metaKey: true }), true)).toBe(true)
    expect(readableKeys('Mod+K', true)).toBe('⌘K')
    expect(readableKeys('Mod+K', false)).toBe('Ctrl+K')
  })

  test('no more modifiers may be held than are meant', () => {
    expect(matches('C', key('c'), false)).toBe(true)
    expect(matches('C', key('c', { ctrlKey: true }), false)).toBe(false)
    expect(matches('C', key('C', { shiftKey: true }), false)).toBe(false)
    expect(matches('Escape', key('Escape', { altKey: true }), false)).toBe(false)
  })

  test('where a symbol needs Shift on some keyboards, Shift does not matter', () => {
    expect(matches('Mod+/', key('/', { ctrlKey: true, shiftKey: true }), false)).toBe(true)
  })

  test('the space bar has a name', () => {
    expect(matches('Space', key(' '), false)).toBe(true)
  })
})

describe('the command palette', () => {
  const commands = ['Runs', 'New run', 'quiet-otter', 'otter', 'Dark colours'].map((title) => ({
    title,
    group: 'Go to',
  }))
  const found = (typed: string) => search(commands, typed).map((command) => command.title)

  test('titles that begin so come first, then words that do', () => {
    expect(found('otter')).toEqual(['otter', 'quiet-otter'])
    expect(found('run')).toEqual(['Runs', 'New run'])
  })

  test('every word must occur; nothing typed shows all', () => {
    expect(found('new otter')).toEqual([])
    expect(found('  ')).toHaveLength(5)
  })
})

test('tables sort numbers within text as numbers, and what is missing last either way', () => {
  const value = (row: string | null) => row
  expect(sorted(['run 10', null, 'Run 2'], value, false)).toEqual(['Run 2', 'run 10', null])
  expect(sorted(['run 10', null, 'Run 2'], value, true)).toEqual(['run 10', 'Run 2', null])
})
