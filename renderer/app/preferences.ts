import { create } from 'zustand'
import { persist } from 'zustand/middleware'

/** What a person set about the window itself. */
export const usePreferences = create<{ narrowRail: boolean; toggleRail(): void }>()(
  persist(
    (set) => ({
      narrowRail: false,
      toggleRail: () => set(({ narrowRail }) => ({ narrowRail: !narrowRail })),
    }),
    { name: 'attune.preferences', version: 1, partialize: ({ narrowRail }) => ({ narrowRail }) },
  ),
)
