import { join } from 'node:path'
import { modelHash, tensorsHash } from '../checkpoint/content-hash.ts'
import { readTrainingState } from '../checkpoint/training-state.ts'
import type { Reproduction, Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { openRowStore } from '../data/row-store.ts'
import { loadTokenizer } from '../data/tokenizers/tokenizer.ts'
import type { Context } from './context.ts'
import { requireDataset, requireModel, requireRun } from './find.ts'
import { createChild } from './fork.ts'

/**
 * Queues a finished run once more, with everything as it was: settings, seed, precision, engine, data. Throws AttuneError
 * conflict, naming the field in its details, where the content of model, tokenizer or dataset is no longer what it was.
 */
export async function reproduceRun(context: Context, id: string): Promise<Run> {
  const run = requireRun(context.store, id)
  if (run.state !== 'finished') {
    const why =
      run.state === 'archived'
        ? 'take it out of the archive first'
        : 'only a finished run has an end that can be compared. Repeat it, or fork it'
    throw new AttuneError('conflict', `The run ${id} is ${run.state}: ${why}.`, { id, state: run.state })
  }
  await refuseChanged(context, run)
  const weights = await finalWeights(context, id)
  const name = `${run.name.replace(/ reproduced( \(\d+\))?$/, '')} reproduced`
  return createChild(
    context,
    run,
    { ...run.config, name },
    {
      cameFrom: { kind: 'reproduction', run: id, name: run.name, step: null },
      reproduces: { expected: { weights, engine: run.engine }, result: null },
    },
  )
}

async function refuseChanged({ store, folders }: Context, run: Run): Promise<void> {
  const model = requireModel(store, run.model.id)
  const dataset = requireDataset(store, run.dataset.id)
  const modelDir = folders.of('models', model.id)
  const last = store.checkpoints.list(run.id)[0]
  const state = last && (await readTrainingState(join(folders.of('runs', run.id), last.folder)).catch(() => null))
  const rows = openRowStore(folders.of('datasets', dataset.id))
  rows.close()
  const refuse = (field: string) => {
    const message =
      `The run ${run.id} cannot be reproduced: the content of the ${field} is not what it was. ` +
      `Put it back (${field === 'dataset' ? folders.of('datasets', dataset.id) : modelDir}), or fork or repeat the run.`
    throw new AttuneError('conflict', message, { id: run.id, field })
  }
  if (state && (await modelHash(modelDir)) !== state.hashes.model) refuse('model')
  if ((await loadTokenizer(modelDir)).hash !== (state?.hashes.tokenizer ?? model.tokenizerHash)) refuse('tokenizer')
  if (rows.info.contentHash !== (state?.hashes.dataset ?? run.dataset.contentHash)) refuse('dataset')
}

/** The hash of a run's last checkpoint; null where it is gone, or damaged. */
async function finalWeights({ store, folders }: Context, id: string): Promise<string | null> {
  const last = store.checkpoints.list(id).find((checkpoint) => checkpoint.last)
  if (!last) return null
  try {
    return await tensorsHash(join(folders.of('runs', id), last.folder))
  } catch (error) {
    if (error instanceof AttuneError) return null
    throw error
  }
}

/** Finished reproductions are compared with their originals: after each run's end, and at the start for what was missed. */
export class Reproductions {
  private readonly context: Context
  private running: Promise<void> = Promise.resolve()

  constructor(context: Context) {
    this.context = context
  }

  /** Compares all that wait for it, one after the other. Never rejects: what fails is tried again at the next start. */
  judge(): void {
    this.running = this.running.then(async () => {
      try {
        for (const id of this.context.store.runs.uncompared()) await judgeOne(this.context, id)
      } catch {
        return
      }
    })
  }

  async close(): Promise<void> {
    await this.running
  }
}

async function judgeOne(context: Context, id: string): Promise<void> {
  const { store, bus } = context
  const run = store.runs.get(id)?.run
  const record = store.runs.reproduction(id)
  if (!run?.origin || record === null) return
  const original = store.runs.get(run.origin.run)?.run ?? null
  const result = original === null ? nothingLeft : await compared(context, original, run, record.expected.weights)
  const cursor = store.transact(
    () => {
      store.logs.add(id, {
        at: context.clock.now(),
        level: result.outcome === 'equal' ? 'info' : 'warning',
        text: result.sentence,
      })
      return store.runs.setReproduction(id, { ...record, result })
    },
    { durable: true },
  )
  if (cursor) bus.emit({ type: 'run', ...cursor })
}

const nothingLeft: Reproduction = {
  outcome: 'none',
  sentence: 'The original was removed for good meanwhile: there is nothing to compare with.',
  values: 0,
  first: null,
  weights: 'unknown',
  predictions: 'unknown',
  causes: [],
}

async function compared(context: Context, original: Run, run: Run, expected: string | null): Promise<Reproduction> {
  const { store } = context
  const own = await finalWeights(context, run.id)
  const weights = expected === null || own === null ? null : expected === own
  const predictions = store.predictions.same(original.id, run.id)
  const { values, first } = store.metrics.difference(original.id, run.id)
  const isEqual = first === null && weights !== false && predictions !== false
  const causes = isEqual ? [] : causesOf(original, run, store.queue.attempt(original.id))
  const result = { values, first, weights: word(weights), predictions: word(predictions), causes }
  return isEqual
    ? { outcome: 'equal', sentence: equalSentence(result), ...result }
    : { outcome: 'different', sentence: differentSentence(result), ...result }
}

function word(same: boolean | null): Reproduction['weights'] {
  return same === null ? 'unknown' : same ? 'equal' : 'different'
}

type Found = Omit<Reproduction, 'outcome' | 'sentence'>

function equalSentence({ values, weights, predictions }: Found): string {
  const also = [weights === 'equal' && 'the final weights', predictions === 'equal' && 'all predictions'].filter(
    Boolean,
  )
  const gone = weights === 'unknown' ? " The original's last checkpoint is gone, so its weights were not compared." : ''
  return `It came out equal, bit for bit: ${[`${values} recorded values`, ...also].join(', ')}.${gone}`
}

function differentSentence({ first, weights, predictions, causes }: Found): string {
  const shown = (value: number | null) => (value === null ? 'none' : String(value))
  const where =
    first === null
      ? 'all recorded values are equal'
      : `first at step ${first.step}, ${first.series}: ${shown(first.original)} then, ${shown(first.reproduced)} now`
  const also = [weights === 'different' && 'the final weights', predictions === 'different' && 'the predictions']
  const differ = also.filter(Boolean).join(' and ')
  return `It came out different: ${where}${differ === '' ? '' : `; ${differ} differ`}. ${causes[0]}`
}

/** What of the record is not as it was, likeliest first. */
function causesOf(original: Run, run: Run, attempts: number): string[] {
  const engine = (['kind', 'backend', 'version', 'precision', 'threads'] as const).flatMap((field) => {
    const [then, now] = [original.engine?.[field], run.engine?.[field]]
    return then === now
      ? []
      : [`The engine's ${field} was ${then ?? 'not recorded'} and is ${now ?? 'not recorded'} now.`]
  })
  const version =
    original.appVersion === run.appVersion
      ? []
      : [`Attune was version ${original.appVersion} and is ${run.appVersion} now.`]
  const broken =
    attempts > 1 ? [`The original was trained in ${attempts} sittings; one may have had another engine.`] : []
  const found = [...engine, ...version, ...broken]
  return found.length > 0
    ? found
    : ['Nothing in the two records differs: another processor or system library computes otherwise, or it is a defect.']
}
