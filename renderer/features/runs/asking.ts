import type { DatasetRow, Prediction } from '../../../core/contract/domain.ts'
import { AttuneError, predictionCancelled } from '../../../core/contract/errors.ts'
import type { Input } from '../../../core/contract/methods.ts'
import { mediaSizeProblem } from '../../../core/contract/roles.ts'
import type { Client } from '../../client/client.ts'
import type { Which } from './export-dialog.tsx'

/** A picture or clip to be asked about: of a person's own, or of a row of the run's dataset. */
export type ChosenFile = File | DatasetRow

/** One input, by its parts; `text` is left out where the input is a file alone. */
export interface Question {
  readonly checkpoint: Which
  readonly text?: string
  readonly fields: Readonly<Record<string, string>>
  readonly file: ChosenFile | null
}

/** What a run said to a question. */
export interface Answered {
  readonly question: Question
  readonly labels: readonly string[]
  readonly prediction: Prediction
}

type Handed = NonNullable<Input<'runs.predict'>['files']>[number]

/** Puts questions to the weights of a run. A file is handed over once, however often it is asked about. */
export class Asking {
  private readonly client: Pick<Client, 'call' | 'upload'>
  private readonly run: string
  private readonly handles = new WeakMap<File, Promise<string>>()

  constructor(client: Pick<Client, 'call' | 'upload'>, run: string) {
    this.client = client
    this.run = run
  }

  /**
   * The answer; how far it is, is told under `task`. Rejects with AttuneError: as runs.predict does, bad_file (a file that
   * is too large, which is not sent), and at once when `signal` aborts with stopped: what was asked is then cancelled.
   */
  ask(question: Question, task: string, signal: AbortSignal): Promise<Answered> {
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => reject(predictionCancelled()))
    return Promise.race([this.answerTo(question, task, signal), aborted])
  }

  private async answerTo(question: Question, task: string, signal: AbortSignal): Promise<Answered> {
    const { file } = question
    if (!(file instanceof File)) return this.predict(question, file && { row: file.row }, task, signal)
    const problem = mediaSizeProblem(file.name, file.size)
    if (problem !== null) throw new AttuneError('bad_file', problem)
    const handle = await this.handOver(file)
    try {
      return await this.predict(question, handle, task, signal)
    } catch (thrown) {
      // Handles end with the process that gave them.
      if (!(thrown instanceof AttuneError) || thrown.details?.handle !== handle) throw thrown
      this.handles.delete(file)
      return this.predict(question, await this.handOver(file), task, signal)
    }
  }

  private handOver(file: File): Promise<string> {
    const known = this.handles.get(file)
    if (known) return known
    const handle = this.client.upload(file)
    this.handles.set(file, handle)
    handle.catch(() => this.handles.delete(file))
    return handle
  }

  private async predict(question: Question, file: Handed | null, task: string, signal: AbortSignal): Promise<Answered> {
    // A cancellation while the file was on its way would find nothing to cancel.
    if (signal.aborted) throw predictionCancelled()
    const { call } = this.client
    // Where it does not get through, the prediction does not either, and says why.
    const cancel = () => void call('runs.cancelPrediction', { task }).catch(() => {})
    signal.addEventListener('abort', cancel)
    try {
      const { checkpoint, text, fields } = question
      const { labels, predictions } = await call('runs.predict', {
        id: this.run,
        checkpoint,
        ...(text !== undefined && { texts: [text] }),
        ...(Object.keys(fields).length > 0 && { fields: [{ ...fields }] }),
        ...(file !== null && { files: [file] }),
        task,
      })
      return { question, labels, prediction: predictions[0] as Prediction }
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}
