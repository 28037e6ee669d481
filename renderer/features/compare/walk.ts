/** Examples per page. */
export const pageSize = 25

/** A place among the matching examples, over all pages. */
export interface Place {
  readonly page: number
  /** Within the page. */
  readonly row: number
}

export function pageCount(matching: number): number {
  return Math.max(1, Math.ceil(matching / pageSize))
}

/** One example on or back; over the end of a page to the next one, and staying put at both ends of all. */
export function walked({ page, row }: Place, by: 1 | -1, matching: number): Place {
  const index = Math.min(Math.max(page * pageSize + row + by, 0), Math.max(0, matching - 1))
  return { page: Math.floor(index / pageSize), row: index % pageSize }
}

export interface Piece {
  readonly text: string
  readonly hit: boolean
}

/** A text cut where the search is found, without regard to case. */
export function pieces(text: string, search: string): Piece[] {
  const wanted = search.trim().toLowerCase()
  const lower = text.toLowerCase()
  // Lower case of some letters is longer; places would then not fit, and the text is shown unmarked.
  if (wanted === '' || lower.length !== text.length) return [{ text, hit: false }]
  const found: Piece[] = []
  let from = 0
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    if (at > from) found.push({ text: text.slice(from, at), hit: false })
    found.push({ text: text.slice(at, at + wanted.length), hit: true })
    from = at + wanted.length
  }
  if (from < text.length) found.push({ text: text.slice(from), hit: false })
  return found
}

/** The beginning of a long text, moved so that the first hit is within it. */
export function excerpt(text: string, search: string, length: number): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  if (flat.length <= length) return flat
  const at = search.trim() === '' ? -1 : flat.toLowerCase().indexOf(search.trim().toLowerCase())
  if (at < length * 0.8) return `${flat.slice(0, length)}…`
  const from = Math.max(0, at - Math.floor(length / 3))
  return `…${flat.slice(from, from + length)}${from + length < flat.length ? '…' : ''}`
}
