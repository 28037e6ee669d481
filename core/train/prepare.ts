import type { RunConfig } from '../contract/settings.ts'
import { openRowStore } from '../data/row-store.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import type { PreparedData, Task } from '../tasks/task.ts'

/** A run's data out of its row store: see Task.prepare. */
export function prepareData(
  task: Task,
  datasetDir: string,
  labels: readonly string[],
  tokenizer: Tokenizer,
  config: RunConfig,
  onRow: (done: number, total: number) => void,
): PreparedData {
  const store = openRowStore(datasetDir)
  try {
    return task.prepare(store, labels, tokenizer, config, onRow)
  } finally {
    store.close()
  }
}
