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
  setMethod: (method) => set(({ draft }) => ({ draft: { ...draft, method } })),
  type: (name, entered) =>
    set(({ draft }) => {
      const { [name]: _, ...others } = draft.typed
      return { draft: { ...draft, typed: entered === undefined ? others : { ...others, [name]: entered } } }
    }),
  replace: (draft) => set({ draft, applied: null }),
  setFork: (fork) => set(({ draft }) => ({ draft: { ...draft, fork } })),
  apply: (settings) =>
    set(({ draft }) => ({ draft: withSettings(draft, settings), applied: { settings, before: draft } })),
  takeBack: () =>
    set(({ draft, applied }) => ({ draft: applied === null ? draft : takenBack(draft, applied), applied: null })),
}))
