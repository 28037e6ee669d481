import { AttuneError } from '../contract/errors.ts'
import type { Engine } from './engine.ts'
import { nativeBindingPath } from './native/load.ts'

/**
 * The engine for a run. "auto" takes the graph engine where TensorFlow's library is there, else the eager one.
 * Throws AttuneError `no_engine` when "graph" is asked for and cannot be had.
 */
export async function openEngine(choice: 'auto' | 'graph' | 'eager', threads: number): Promise<Engine> {
  if (choice === 'graph' && !nativeBindingPath()) {
    throw new AttuneError(
      'no_engine',
      'The graph engine needs TensorFlow\'s library, which is not here. Run "npm start" to fetch it.',
    )
  }
  if (choice === 'eager' || !nativeBindingPath()) return (await import('./eager/engine.ts')).openEagerEngine(threads)
  return (await import('./graph/engine.ts')).openGraphEngine(threads)
}
