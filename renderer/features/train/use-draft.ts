import { create } from 'zustand'
import type { Method, RunConfig, SettingName } from '../../../core/contract/settings.ts'
import { type Applied, type Draft, emptyDraft, takenBack, withSettings } from './draft.ts'
import type { Fork } from './fork.ts'

interface DraftStore {
  readonly draft: Draft
  /** What was put in place of other settings last, and can be taken back. */
  readonly applied: Applied | null
  pick(change: Partial<Pick<Draft, 'model' | 'dataset' | 'task'>>): void
  setMethod(method: Method): void
  /** Undefined clears the field. */
  type(name: SettingName, entered: string | readonly string[] | undefined): void
  replace(draft: Draft): void
  setFork(fork: Fork | null): void
  apply(settings: Partial<RunConfig>): void
  takeBack(): void
}

/** The form outlives its screen: importing a dataset on the way loses nothing. A window's own; not kept on disk. */
export const useDraft = create<DraftStore>()((set) => ({
  draft: emptyDraft,
  applied: null,
  pick: (change) => set(({ draft }) => ({ draft: { ...draft, ...change } })),
  setMethod: (method) =>
    set(({ draft, applied }) => ({ draft: { ...draft, method }, applied: unless('method', applied) })),
  type: (name, entered) =>
    set(({ draft, applied }) => {
      const { [name]: _, ...others } = draft.typed
      const typed = entered === undefined ? others : { ...others, [name]: entered }
      return { draft: { ...draft, typed }, applied: unless(name, applied) }
    }),
  replace: (draft) => set({ draft, applied: null }),
  setFork: (fork) => set(({ draft }) => ({ draft: { ...draft, fork } })),
  apply: (settings) =>
    set(({ draft }) => ({ draft: withSettings(draft, settings), applied: { settings, before: draft } })),
  takeBack: () =>
    set(({ draft, applied }) => ({ draft: applied === null ? draft : takenBack(draft, applied), applied: null })),
}))

/** What can be taken back still: not where one of its settings has been changed by hand since. */
function unless(changed: SettingName, applied: Applied | null): Applied | null {
  return applied?.settings[changed] === undefined ? applied : null
}
