/** Sequences of tokens that share one row, one after the other. */
export interface Packed {
  /** Positions of the sequences in the list that was packed, in the order in which they stand in the row. */
  readonly members: readonly number[]
  /** Tokens in all. */
  readonly length: number
}

/**
 * Puts sequences of these lengths (1 to `capacity`) into as few rows of `capacity` tokens as best-fit decreasing finds:
 * longest first, each into the fullest row that still has room. At most 11/9 of the fewest rows possible
 * (Johnson 1973), in practice with hardly any room left. The same lengths always give the same rows.
 */
export function packSequences(lengths: ArrayLike<number>, capacity: number): Packed[] {
  const order = Array.from({ length: lengths.length }, (_, i) => i)
  order.sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b)
  const rows: { members: number[]; length: number }[] = []
  /** Rows by the room that is left in them. */
  const byRoom: number[][] = Array.from({ length: capacity + 1 }, () => [])
  for (const position of order) {
    const length = lengths[position] as number
    let room = length
    while (room <= capacity && byRoom[room]?.length === 0) room++
    const row = room > capacity ? rows.push({ members: [], length: 0 }) - 1 : (byRoom[room]?.pop() as number)
    const packed = rows[row] as { members: number[]; length: number }
    packed.members.push(position)
    packed.length += length
    byRoom[capacity - packed.length]?.push(row)
  }
  return rows
}
