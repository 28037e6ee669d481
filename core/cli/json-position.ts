/**
 * Where a text stops being JSON: the offset of the first character that no JSON text could have there, or the length
 * when it only ends too early; null when it is JSON. V8 names a position in some of its messages only.
 */
export function jsonErrorOffset(text: string): number | null {
  const space = /[ \t\n\r]*/y
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a string may hold none unescaped
  const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
  const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
  const word = /true|false|null/y
  let at = 0

  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const matched = pattern.exec(text)?.[0]
    if (matched === undefined) return false
    at += matched.length
    return true
  }
  const next = (character: string): boolean => {
    take(space)
    if (text[at] !== character) return false
    at += 1
    return true
  }
  /** After the opening bracket: members, commas between them, the closing one. */
  const members = (close: string, member: () => boolean): boolean => {
    if (next(close)) return true
    do {
      if (!member()) return false
    } while (next(','))
    return next(close)
  }
  const value = (): boolean => {
    take(space)
    if (next('{')) {
      return members('}', () => {
        take(space)
        return take(string) && next(':') && value()
      })
    }
    if (next('[')) return members(']', value)
    return take(string) || take(number) || take(word)
  }

  if (!value()) return at
  take(space)
  return at === text.length ? null : at
}

/** 1-based line and column, in UTF-16 units as editors count. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/)
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}
