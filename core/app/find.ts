import type { Dataset, Model, Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Store } from '../store/open.ts'
import { nearest } from '../util/nearest.ts'

/** Records by id, as the use cases need them. All throw not_found with what to do; deleted ones do not count. */

export function requireDataset({ datasets }: Store, id: string): Dataset {
  const found = datasets.get(id)
  if (found && found.deletedAt === null) return found.dataset
  throw missing('dataset', id, found !== null)
}

export function requireModel({ models }: Store, id: string): Model {
  const found = models.get(id)
  if (found && found.deletedAt === null) return found.model
  throw missing('model', id, found !== null)
}

export function requireRun({ runs }: Store, id: string): Run {
  const found = runs.get(id)
  if (found && found.deletedAt === null) return found.run
  throw missing('run', id, found !== null)
}

export function missing(kind: 'dataset' | 'model' | 'run', id: string, deleted = false): AttuneError {
  const sentence = deleted
    ? `The ${kind} ${id} was deleted. Restore it first.`
    : `There is no ${kind} with the id ${id}.`
  return new AttuneError('not_found', sentence, { kind, id })
}

/**
 * The model or dataset that a person's setting names: by id, else by name in any case. Throws bad_config, with the
 * nearest name or with the ids of all that have it.
 */
export function namedBy<T extends { readonly id: string; readonly name: string }>(
  setting: 'model' | 'dataset',
  wanted: string,
  items: readonly T[],
): T {
  const byId = items.find(({ id }) => id === wanted)
  if (byId) return byId
  const lower = wanted.toLowerCase()
  const byName = items.filter(({ name }) => name.toLowerCase() === lower)
  const [only] = byName
  if (only && byName.length === 1) return only
  if (byName.length > 1) {
    const ids = byName.map(({ id }) => id)
    throw new AttuneError('bad_config', `${setting}: several are named "${wanted}": ${ids.join(', ')}. Give the id.`, {
      setting,
      wanted,
      ids,
    })
  }
  const near = nearest(
    wanted,
    items.map(({ name }) => name),
  )
  const hint = near === null ? `Add the ${setting} first.` : `Did you mean "${near}"?`
  throw new AttuneError('bad_config', `${setting}: there is no ${setting} "${wanted}". ${hint}`, { setting, wanted })
}
