import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removeCheckpoint, saveCheckpoint, verifyCheckpoint } from '../checkpoint/save.ts'

/** Where in a run a checkpoint stands, and how good it was there. */
export interface Position {
  readonly step: number
  readonly epoch: number
  readonly metrics: Readonly<Record<string, number>>
}

/** Writes `checkpoint-<step>` folders below a run's folder, and keeps two of them: the best and the last. */
export class CheckpointKeeper {
  private readonly runDir: string
  private readonly write: (dir: string) => Promise<void>
  private readonly settings: Readonly<Record<string, unknown>>
  private best: Position | null = null
  private last: Position | null = null
  private written: Position[] = []

  /** `write` puts weights and tokenizer into a folder; `settings` are recorded in each trainer_state.json. */
  constructor(runDir: string, write: (dir: string) => Promise<void>, settings: Readonly<Record<string, unknown>>) {
    this.runDir = runDir
    this.write = write
    this.settings = settings
  }

  /** Writes the weights as they are now. The folder is there whole, or not at all. */
  async save(position: Position, best: boolean): Promise<{ path: string; bytes: number }> {
    const path = this.pathOf(position)
    const bestPosition = best || this.best === null ? position : this.best
    const { bytes } = await saveCheckpoint(path, async (dir) => {
      await this.write(dir)
      await writeFile(join(dir, 'trainer_state.json'), this.trainerState(position, bestPosition))
    })
    this.best = bestPosition
    this.last = position
    this.written.push(position)
    return { path, bytes }
  }

  /** Removes what is neither best nor last, once the newest is proved to be whole on the disk. */
  async prune(): Promise<void> {
    const obsolete = this.written.filter((position) => position !== this.best && position !== this.last)
    if (obsolete.length === 0 || this.last === null) return
    await verifyCheckpoint(this.pathOf(this.last))
    for (const position of obsolete) await removeCheckpoint(this.pathOf(position))
    this.written = this.written.filter((position) => !obsolete.includes(position))
  }

  private pathOf({ step }: Position): string {
    return join(this.runDir, `checkpoint-${step}`)
  }

  /** The fields of transformers' TrainerState that a fine-tuned checkpoint carries, and the run's settings. */
  private trainerState(position: Position, best: Position): string {
    const metric = String(this.settings.metric_for_best_model)
    const state = {
      global_step: position.step,
      epoch: position.epoch,
      max_steps: this.settings.max_steps,
      num_train_epochs: this.settings.num_train_epochs,
      train_batch_size: this.settings.per_device_train_batch_size,
      best_global_step: best.step,
      best_metric: best.metrics[metric],
      best_model_checkpoint: `checkpoint-${best.step}`,
      log_history: [...this.written, position].map(({ step, epoch, metrics }) => ({ step, epoch, ...metrics })),
      settings: this.settings,
    }
    return `${JSON.stringify(state, null, 2)}\n`
  }
}
