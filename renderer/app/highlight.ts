import { create } from 'zustand'

/** The run under the pointer, in whatever list, chart or table: all others are dimmed everywhere. Not kept. */
export const useHighlight = create<{ id: string | null; set(id: string | null): void }>()((set) => ({
  id: null,
  set: (id) => set({ id }),
}))
