import type { Run } from '../../../core/contract/domain.ts'

/** The runs of the queue, in its order. One that is not known yet is left out until it is. */
export function queued(runs: readonly Run[], order: readonly string[]): Run[] {
  return order.flatMap((id) => runs.find((run) => run.id === id) ?? [])
}

const ends = ['th', 'st', 'nd', 'rd'] as const

/** "1st", "2nd", "11th". */
export function ordinal(place: number): string {
  const tens = place % 100
  return `${place}${tens >= 11 && tens <= 13 ? 'th' : (ends[place % 10] ?? 'th')}`
}

/** Where a run stands, in words: "Next in the queue", "3rd in the queue"; empty when it does not wait. */
export function placeText(order: readonly string[], id: string): string {
  const at = order.indexOf(id)
  if (at < 0) return ''
  return at === 0 ? 'Next in the queue' : `${ordinal(at + 1)} in the queue`
}
