/** Something the palette can do. */
export interface Command {
  readonly id: string
  readonly group: string
  readonly title: string
  readonly detail?: string
  readonly act: () => void
}

/**
 * Those whose title, detail or group has every typed word, best first: a title that begins with what was typed, then
 * one with a word that does, then the rest in the given order.
 */
export function search<Item extends Pick<Command, 'title' | 'detail' | 'group'>>(
  commands: readonly Item[],
  typed: string,
): Item[] {
  const wanted = typed.trim().toLowerCase()
  if (wanted === '') return [...commands]
  const words = wanted.split(/\s+/)
  const rank = (item: Item): number => {
    const title = item.title.toLowerCase()
    const all = `${title} ${item.detail ?? ''} ${item.group}`.toLowerCase()
    if (!words.every((word) => all.includes(word))) return -1
    if (title.startsWith(wanted)) return 0
    return title.split(/[\s\-_./]+/).some((word) => word.startsWith(words[0] ?? '')) ? 1 : 2
  }
  return commands
    .map((item) => ({ item, rank: rank(item) }))
    .filter(({ rank }) => rank >= 0)
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item)
}
