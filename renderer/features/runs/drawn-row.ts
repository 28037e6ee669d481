/** One of so many rows, by a share of them from 0 up to 1; not the one that was taken last, where there is another. */
export function drawnRow(total: number, taken: number | null, share: number): number {
  if (taken === null || total < 2) return Math.floor(share * total)
  const among = Math.floor(share * (total - 1))
  return among < taken ? among : among + 1
}
