import { AttuneError } from '../contract/errors.ts'
import { nearest } from '../util/nearest.ts'

interface Named {
  readonly id: string
  readonly name: string
}

/** Shorter beginnings of an id say too little. */
const shortestPrefix = 3

/**
 * The one thing that a person meant: by id, by name, by the beginning of its id, or by name in any case.
 * `kind` is how the error calls it ("run"). Throws not_found with the nearest name, or conflict with all that fit.
 */
export function pick<T extends Named>(kind: string, items: readonly T[], wanted: string): T {
  const lower = wanted.toLowerCase()
  const ways: ((item: T) => boolean)[] = [
    ({ id }) => id === wanted,
    ({ name }) => name === wanted,
    ({ id }) => wanted.length >= shortestPrefix && id.startsWith(wanted),
    ({ name }) => name.toLowerCase() === lower,
  ]
  for (const way of ways) {
    const fits = items.filter(way)
    if (fits.length === 1) return fits[0] as T
    if (fits.length > 1) {
      throw new AttuneError(
        'conflict',
        `"${wanted}" could be ${fits.length} ${kind}s: ${fits.map(({ id, name }) => `${id} (${name})`).join(', ')}. ` +
          'Give the id.',
        { candidates: fits.map(({ id, name }) => ({ id, name })) },
      )
    }
  }
  const near = nearest(
    wanted,
    items.map(({ name }) => name),
  )
  const hint = near ? `Did you mean "${near}"?` : `"attune ${kind}s list" shows those that there are.`
  throw new AttuneError('not_found', `There is no ${kind} "${wanted}". ${hint}`, { wanted })
}
