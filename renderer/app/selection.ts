import { create } from 'zustand'
import { persist } from 'zustand/middleware'
import type { XAxis } from '../../core/contract/domain.ts'

export interface ChartSettings {
  readonly x: XAxis
  /** Weight of the past in the moving average: 0 (off) to 0.999. */
  readonly smoothing: number
  readonly logScale: boolean
}

/** What is picked and how it is drawn: the same on every screen, and after a restart. */
export interface Selection {
  /** Run ids in the order they were picked; the first is the baseline. */
  readonly selected: readonly string[]
  /** Runs whose curves are switched off. */
  readonly hidden: readonly string[]
  readonly charts: ChartSettings
}

export const defaultChartSettings: ChartSettings = { x: 'step', smoothing: 0.6, logScale: false }
export const emptySelection: Selection = { selected: [], hidden: [], charts: defaultChartSettings }

/** As many as one comparison takes. */
export const mostSelected = 12

// ---- Pure changes ----

export function toggled(ids: readonly string[], id: string): string[] {
  return ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id]
}

/**
 * Shift-click: everything between the two in the shown order is ticked (or cleared) as the clicked one becomes.
 * Without an anchor that is still shown, only the clicked one changes.
 */
export function ranged(
  selected: readonly string[],
  shown: readonly string[],
  anchor: string | null,
  clicked: string,
): string[] {
  const from = anchor === null ? -1 : shown.indexOf(anchor)
  const to = shown.indexOf(clicked)
  if (from < 0 || to < 0) return toggled(selected, clicked)
  const range = shown.slice(Math.min(from, to), Math.max(from, to) + 1)
  if (selected.includes(clicked)) return selected.filter((id) => !range.includes(id))
  return [...selected, ...range.filter((id) => !selected.includes(id))]
}

export function withBaseline(selected: readonly string[], id: string): string[] {
  return [id, ...selected.filter((other) => other !== id)]
}

/** Without runs that are no longer there. The same object when nothing is gone. */
export function pruned(selection: Selection, existing: ReadonlySet<string>): Selection {
  const there = (id: string) => existing.has(id)
  if (selection.selected.every(there) && selection.hidden.every(there)) return selection
  return { ...selection, selected: selection.selected.filter(there), hidden: selection.hidden.filter(there) }
}

// ---- The store ----

interface SelectionStore extends Selection {
  toggle(id: string): void
  toggleRange(shown: readonly string[], anchor: string | null, clicked: string): void
  select(ids: readonly string[]): void
  setBaseline(id: string): void
  toggleHidden(id: string): void
  setHidden(ids: readonly string[]): void
  setCharts(change: Partial<ChartSettings>): void
  prune(existing: ReadonlySet<string>): void
}

export const useSelection = create<SelectionStore>()(
  persist(
    (set) => ({
      ...emptySelection,
      toggle: (id) => set(({ selected }) => ({ selected: toggled(selected, id).slice(0, mostSelected) })),
      toggleRange: (shown, anchor, clicked) =>
        set(({ selected }) => ({ selected: ranged(selected, shown, anchor, clicked).slice(0, mostSelected) })),
      select: (ids) => set({ selected: [...new Set(ids)].slice(0, mostSelected) }),
      setBaseline: (id) => set(({ selected }) => ({ selected: withBaseline(selected, id).slice(0, mostSelected) })),
      toggleHidden: (id) => set(({ hidden }) => ({ hidden: toggled(hidden, id) })),
      setHidden: (ids) => set({ hidden: [...ids] }),
      setCharts: (change) => set(({ charts }) => ({ charts: { ...charts, ...change } })),
      prune: (existing) => set((selection) => pruned(selection, existing)),
    }),
    {
      name: 'attune.selection',
      version: 1,
      partialize: ({ selected, hidden, charts }) => ({ selected, hidden, charts }),
    },
  ),
)

/** Where the comparison of these runs is. */
export function comparePath(ids: readonly string[]): string {
  return ids.length === 0 ? '/compare' : `/compare?runs=${ids.join(',')}`
}
