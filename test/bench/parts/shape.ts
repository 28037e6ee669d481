import { openShape } from './open-shape.ts'
import type { Parts } from './parts.ts'
import { timedSteps } from './timed-steps.ts'

/** Steps of a model of this shape, by nothing but the session. */
export async function measureShape({
  steps,
  warmUp,
  ...spec
}: Parts['shape']['spec']): Promise<Parts['shape']['result']> {
  const { session, step } = await openShape(spec)
  try {
    return { ...timedSteps(session, steps, warmUp, step), engine: session.engine }
  } finally {
    session.close()
  }
}
