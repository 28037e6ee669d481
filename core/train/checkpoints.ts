import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removeCheckpoint, saveCheckpoint, verifyCheckpoint } from '../checkpoint/save.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { Scored } from '../tasks/task.ts'
import { folderBytes } from '../util/files.ts'
import { checkFreeSpace } from './free-space.ts'

/** Where in a run a checkpoint stands, and how good it was there; `metrics` is empty when it was not evaluated. */
export interface Position {
  readonly step: number
  readonly epoch: number
  readonly metrics: Readonly<Record<string, number>>
  /** Micro-batches of the next step whose gradients are in the sums. */
  readonly begun?: Begun
}

/** A step of several batches that is not done yet. */
export interface Begun {
  readonly microStep: number
  /** Sum of these batches' losses. */
  readonly loss: number
}

/** How a checkpoint's files come to be. */
export interface CheckpointContent {
  /** Puts weights, tokenizer and training state into a folder. */
  write(dir: string, position: Position, best: Position | null, scored: Scored | null): Promise<void>
  /** Size of a checkpoint, about. */
  readonly expectedBytes: number
}

/** Writes `checkpoint-<step>` folders below a run's folder, and keeps the newest few of them and the best. */
export class CheckpointKeeper {
  private readonly runDir: string
  private readonly content: CheckpointContent
  private readonly config: RunConfig
  private best: Position | null = null
  /** In the order in which they may go. */
  private kept: Position[] = []

  constructor(runDir: string, content: CheckpointContent, config: RunConfig) {
    this.runDir = runDir
    this.content = content
    this.config = config
  }

  /** Takes over the checkpoints of an interrupted run, the first to go first. */
  adopt(kept: readonly Position[], best: Position | null): void {
    this.kept = [...kept]
    this.best = best === null ? null : (kept.find(({ step }) => step === best.step) ?? null)
  }

  /**
   * Writes the weights as they are now. The folder is there whole, or not at all. `scored` is the evaluation, if there
   * was one. Throws AttuneError disk_full before anything is written when the disk has too little room.
   */
  async save(position: Position, best: boolean, scored: Scored | null): Promise<{ path: string; bytes: number }> {
    await checkFreeSpace(this.runDir, this.content.expectedBytes)
    const path = this.pathOf(position)
    const bestPosition = best ? position : this.best
    const others = this.kept.filter(({ step }) => step !== position.step)
    const { bytes } = await saveCheckpoint(path, async (dir) => {
      await this.content.write(dir, position, bestPosition, scored)
      await writeFile(join(dir, 'trainer_state.json'), this.trainerState(position, bestPosition, others))
    })
    this.best = bestPosition
    this.kept = [...others, position]
    return { path, bytes }
  }

  /**
   * Removes what is neither best nor among the newest `save_total_limit`, and the oldest beyond `save_total_megabytes`,
   * once the newest is proved to be whole on the disk. Returns the folders that went.
   */
  async prune(): Promise<string[]> {
    const last = this.kept.at(-1)
    const obsolete = await this.obsolete()
    if (obsolete.length === 0 || last === undefined) return []
    await verifyCheckpoint(this.pathOf(last))
    const removed: string[] = []
    for (const position of obsolete) {
      const path = this.pathOf(position)
      await removeCheckpoint(path)
      removed.push(path)
    }
    this.kept = this.kept.filter((position) => !obsolete.includes(position))
    return removed
  }

  private async obsolete(): Promise<Position[]> {
    const { save_total_limit: most, save_total_megabytes: budget } = this.config
    const newest = this.kept.slice(-most)
    const isObsolete = (position: Position) => position !== this.best && !newest.includes(position)
    const obsolete = this.kept.filter(isObsolete)
    if (budget === undefined) return obsolete
    const rest = this.kept.filter((position) => !isObsolete(position))
    const sizes = await Promise.all(rest.map((position) => folderBytes(this.pathOf(position))))
    let over = sizes.reduce((sum, bytes) => sum + bytes, 0) - budget * 1e6
    for (const [i, position] of rest.slice(0, -1).entries()) {
      if (over <= 0) break
      if (position === this.best) continue
      obsolete.push(position)
      over -= sizes[i] ?? 0
    }
    return obsolete
  }

  /**
   * What is left when the weights are known to have been good until step `goodUntil`: the newest checkpoint that was
   * evaluated, or is not later than that.
   */
  lastGood(goodUntil: number): Position | null {
    return this.kept.findLast(({ step, metrics }) => step <= goodUntil || Object.keys(metrics).length > 0) ?? null
  }

  private pathOf({ step }: Position): string {
    return join(this.runDir, `checkpoint-${step}`)
  }

  /** The fields of transformers' TrainerState that a fine-tuned checkpoint carries, and the run's settings. */
  private trainerState(position: Position, best: Position | null, others: readonly Position[]): string {
    const { config } = this
    const state = {
      global_step: position.step,
      epoch: position.epoch,
      max_steps: config.max_steps,
      num_train_epochs: config.num_train_epochs,
      train_batch_size: config.per_device_train_batch_size,
      ...(best && {
        best_global_step: best.step,
        best_metric: best.metrics[config.metric_for_best_model],
        best_model_checkpoint: `checkpoint-${best.step}`,
      }),
      log_history: [...others, position].map(({ step, epoch, metrics }) => ({ step, epoch, ...metrics })),
      settings: config,
    }
    return `${JSON.stringify(state, null, 2)}\n`
  }
}
