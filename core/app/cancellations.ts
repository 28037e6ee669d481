/** Long calls under way that can be cancelled, by what their progress is told under. */
export interface Cancellations {
  /** Returns what forgets it again. */
  add(task: string, cancel: () => void): () => void
  /** Does nothing where there is none. */
  cancel(task: string): void
  cancelAll(): void
}

export function createCancellations(): Cancellations {
  const present = new Map<string, Set<() => void>>()
  return {
    add(task, cancel) {
      const those = present.get(task) ?? new Set()
      present.set(task, those.add(cancel))
      return () => {
        those.delete(cancel)
        if (those.size === 0) present.delete(task)
      }
    },
    cancel(task) {
      for (const cancel of present.get(task) ?? []) cancel()
    },
    cancelAll() {
      for (const those of present.values()) for (const cancel of those) cancel()
    },
  }
}
