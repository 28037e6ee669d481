import { AttuneError } from '../contract/errors.ts'
import type { RunConfig } from '../contract/settings.ts'

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
