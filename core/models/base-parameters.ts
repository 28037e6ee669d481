import { AttuneError } from '../contract/errors.ts'
import type { Architecture, ParameterSpec } from './architecture.ts'

/**
 * The parameters of a model that no task has put a head on yet: those of all its heads but what each draws anew. Heads
 * that a config rules out (a model that reads from both ends does not write) have no say.
 */
export function baseParameters(architecture: Architecture<unknown>, config: unknown): Record<string, ParameterSpec> {
  const specs: Record<string, ParameterSpec> = {}
  for (const head of Object.values(architecture.heads)) {
    // Where heads name the same tensor each in its own way, a checkpoint that one has written is read by the other.
    const read = new Set(Object.keys(specs).map((name) => head.rename(name)))
    for (const [name, spec] of Object.entries(partsOf(() => head.parameters(config, 1)))) {
      if (!read.has(name) && !head.prefixes.some((prefix) => name.startsWith(prefix))) specs[name] = spec
    }
  }
  return specs
}

function partsOf(parameters: () => Readonly<Record<string, ParameterSpec>>): Readonly<Record<string, ParameterSpec>> {
  try {
    return parameters()
  } catch (thrown) {
    if (thrown instanceof AttuneError && thrown.code === 'unsupported') return {}
    throw thrown
  }
}
