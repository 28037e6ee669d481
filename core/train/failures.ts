import { dirname } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import type { Alternative } from '../contract/preflight.ts'
import type { RunConfig } from '../contract/settings.ts'
import type { TrainSpec } from '../worker/protocol.ts'
import { alternativesAfterFailure } from './preflight/fit.ts'
import { memoryNeed } from './preflight/memory.ts'
import { setUp } from './preflight/setup.ts'
import { remedyOf } from './preflight/verdict.ts'

/**
 * What the engine or the file system threw, by name where it can be told: memory and disk running out are the person's
 * to mend, all else stays as it is. `advice` is the sentence on what would take less memory.
 */
export function nameFailure(thrown: unknown, advice: string): unknown {
  if (thrown instanceof AttuneError || !(thrown instanceof Error)) return thrown
  const code = (thrown as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const message =
      'The disk is full. Free some space and start the run again; the checkpoints written so far are whole.'
    return new AttuneError('disk_full', message, { code }, { cause: thrown })
  }
  if (
    code === 'ENOMEM' ||
    /\bOOM\b|out of memory|RESOURCE_EXHAUSTED|bad_alloc|Array buffer allocation/i.test(thrown.message)
  ) {
    const message = `The memory was not enough for a step. ${advice}`
    return new AttuneError('out_of_memory', message, { reason: thrown.message.slice(0, 500) }, { cause: thrown })
  }
  return thrown
}

/**
 * The same of a run. Where its memory was not enough, the settings that would fit are worked out, and go along as
 * `alternatives` in the error's details; general advice stands in where none are found. `startBytes` is what the process
 * held before the run.
 */
export async function nameRunFailure(thrown: unknown, spec: TrainSpec, startBytes: number): Promise<unknown> {
  const named = nameFailure(thrown, memoryAdvice(spec.config))
  if (!(named instanceof AttuneError) || named.code !== 'out_of_memory') return named
  // What the run would fit with is worth telling, but not worth hiding why it failed.
  const alternatives = await alternativesFor(spec, startBytes).catch((): Alternative[] => [])
  if (alternatives.length === 0) return named
  const message = `The memory was not enough for a step. ${remedyOf(alternatives)}`
  return new AttuneError('out_of_memory', message, { ...named.details, alternatives }, { cause: thrown })
}

async function alternativesFor(spec: TrainSpec, startBytes: number): Promise<Alternative[]> {
  const host = { restingBytes: startBytes, heldBytes: process.memoryUsage.rss(), othersBytes: 0 }
  const runsDir = dirname(spec.runDir)
  const setup = await setUp(
    { ...spec, kind: 'preflight', runsDir, scratchDir: runsDir, measure: false, host },
    false,
    () => {},
  )
  return alternativesAfterFailure(setup, await memoryNeed(setup))
}

/** What to change in a run whose steps do not fit, first what changes its numbers least. */
export function memoryAdvice(config: RunConfig): string {
  const {
    per_device_train_batch_size: batch,
    gradient_accumulation_steps: batches,
    gradient_checkpointing: recomputes,
    method,
  } = config
  const ways = [
    ...(batch > 1
      ? [
          `per_device_train_batch_size ${Math.ceil(batch / 2)} with gradient_accumulation_steps ${2 * batches}, which ` +
            'trains the same steps with half the activations',
        ]
      : []),
    ...(recomputes ? [] : ['gradient_checkpointing']),
    `a max_length below ${config.max_length}`,
    ...(method === 'full' ? ['method "lora"'] : []),
  ]
  return `Choose ${ways.join('; or ')}.`
}
