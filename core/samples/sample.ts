import type { TaskName } from '../contract/settings.ts'

/** A dataset that is made up by a program, said to be so, and the same everywhere. */
export interface MadeSample {
  readonly name: string
  readonly title: string
  /** One sentence that says it is constructed, and how. */
  readonly description: string
  readonly task: TaskName
  /** Grows with every change of what `make` writes. */
  readonly version: number
  /** Writes it into an empty folder; the name there of the file, or folder, to import. */
  make(dir: string): Promise<string>
}
