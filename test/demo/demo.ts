import type { Dataset, Model, Run } from '../../core/contract/domain.ts'
import type { Call } from '../../core/contract/methods.ts'
import type { RunConfigInput, TaskName } from '../../core/contract/settings.ts'

/** One kind of the Transformer family, trained on its sample data as a person would. */
export interface Demo {
  /** As it is picked on the command line, and listed. */
  readonly kind: string
  run(bench: Workbench): Promise<Shown[]>
}

/** What one training came to. */
export interface Shown {
  /** In two or three words: "MiniLM-shaped BERT, LoRA". */
  readonly what: string
  readonly run: Run
  /** The series it is judged by. */
  readonly metric: string
  /** The same metric without training, as a run that was only evaluated has it, or by chance; said which. */
  readonly before: number
  readonly beforeIs: 'untrained' | 'chance' | 'not pre-trained'
  readonly better: 'lower' | 'higher'
  /** What counts as far above chance: the demo fails otherwise. */
  readonly atLeast: number
}

/** A data home, and the app over it. */
export interface Workbench {
  readonly call: Call
  /** A folder for files on their way in; removed at the end. */
  readonly scratch: string
  /** Imports a file, or a folder, below `scratch`. */
  importData(
    path: string,
    options: { task: TaskName; name: string; mapping?: Record<string, string> },
  ): Promise<Dataset>
  /** Adds a model folder below `scratch`. */
  addModel(path: string, name: string): Promise<Model>
  /** Trains to the end. Throws what the run failed with. */
  train(config: RunConfigInput): Promise<Run>
}

/** The best value of a series of a run. Throws where the run has none. */
export function best(run: Run, series: string): number {
  const summary = run.metrics[series]
  if (!summary) throw new Error(`The run ${run.name} has recorded no ${series}.`)
  return summary.best.value
}
