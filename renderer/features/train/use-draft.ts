import { create } from 'zustand'
import type { Method, SettingName } from '../../../core/contract/settings.ts'
import { type Draft, emptyDraft } from './draft.ts'
import type { Fork } from './fork.ts'

interface DraftStore {
  readonly draft: Draft
  pick(change: Partial<Pick<Draft, 'model' | 'dataset' | 'task'>>): void
  setMethod(method: Method): void
  /** Undefined clears the field. */
  type(name: SettingName, entered: string | readonly string[] | undefined): void
  replace(draft: Draft): void
  setFork(fork: Fork | null): void
}

/** The form outlives its screen: importing a dataset on the way loses nothing. A window's own; not kept on disk. */
export const useDraft = create<DraftStore>()((set) => ({
  draft: emptyDraft,
  pick: (change) => set(({ draft }) => ({ draft: { ...draft, ...change } })),
  setMethod: (method) => set(({ draft }) => ({ draft: { ...draft, method } })),
  type: (name, entered) =>
    set(({ draft }) => {
      const { [name]: _, ...others } = draft.typed
      return { draft: { ...draft, typed: entered === undefined ? others : { ...others, [name]: entered } } }
    }),
  replace: (draft) => set({ draft }),
  setFork: (fork) => set(({ draft }) => ({ draft: { ...draft, fork } })),
}))
