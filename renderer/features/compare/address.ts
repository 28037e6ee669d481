import { type OutputFilter, outputFilterSchema } from '../../../core/contract/domain.ts'
import { mostSelected } from '../../app/selection.ts'

/** Everything that a comparison shows, as its address has it: `#/compare?runs=a,b&filter=disagree`. */
export interface CompareAddress {
  /** The first is the baseline. */
  readonly runs: readonly string[]
  readonly filter: OutputFilter
  /** The one candidate whose outputs stand beside the baseline's; null for all. */
  readonly versus: string | null
  /** What the outputs' texts are searched for. */
  readonly search: string
  readonly differencesOnly: boolean
  /** Which of a series' two values the metrics table shows. */
  readonly at: 'best' | 'last'
}

export const emptyAddress: CompareAddress = {
  runs: [],
  filter: 'all',
  versus: null,
  search: '',
  differencesOnly: true,
  at: 'best',
}

/** Anything that is not understood falls back to its default. */
export function readAddress(search: string): CompareAddress {
  const params = new URLSearchParams(search)
  const runs = [...new Set((params.get('runs') ?? '').split(',').filter((id) => id !== ''))].slice(0, mostSelected)
  const filter = outputFilterSchema.safeParse(params.get('filter'))
  const versus = params.get('vs')
  return {
    runs,
    filter: filter.success ? filter.data : 'all',
    versus: versus !== null && runs.slice(1).includes(versus) ? versus : null,
    search: params.get('q') ?? '',
    differencesOnly: params.get('settings') !== 'all',
    at: params.get('at') === 'last' ? 'last' : 'best',
  }
}

/** The shortest address that reads back the same: defaults are left out, and commas stay readable. */
export function writeAddress(address: CompareAddress): string {
  const { runs, filter, versus, search, differencesOnly, at } = address
  const parts = [
    runs.length > 0 && `runs=${runs.map(encodeURIComponent).join(',')}`,
    filter !== 'all' && `filter=${filter}`,
    versus !== null && runs.slice(1).includes(versus) && `vs=${encodeURIComponent(versus)}`,
    search !== '' && `q=${encodeURIComponent(search)}`,
    !differencesOnly && 'settings=all',
    at === 'last' && 'at=last',
  ].filter((part) => part !== false)
  return parts.length === 0 ? '/compare' : `/compare?${parts.join('&')}`
}

/** The next candidate takes the baseline's place; the baseline goes to the end. */
export function rotated(runs: readonly string[]): string[] {
  const [first, ...others] = runs
  return first === undefined ? [] : [...others, first]
}
