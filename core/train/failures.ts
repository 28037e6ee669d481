import { AttuneError } from '../contract/errors.ts'

/**
 * What the engine or the file system threw, by name where it can be told: memory and disk running out are the person's
 * to mend, all else stays as it is.
 */
export function nameFailure(thrown: unknown): unknown {
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
    const message =
      'The memory was not enough for a step. Choose a smaller per_device_train_batch_size or max_length, or method "lora".'
    return new AttuneError('out_of_memory', message, { reason: thrown.message.slice(0, 500) }, { cause: thrown })
  }
  return thrown
}
