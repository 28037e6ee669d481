import '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { traceSession } from '../../../core/engine/graph/session-graph.ts'
import { nativeBindingPath } from '../../../core/engine/native/load.ts'
import { describeFamily, familyNames } from '../../golden/family-reference.ts'

/** TensorFlow would make one AddN of them, whose last bit depends on what has memory to give away: see trace/sums.ts. */
test.skipIf(!nativeBindingPath()).each(familyNames)('no addition of TensorFlow adds to another in %s', async (name) => {
  const { spec } = await describeFamily(name, 'full')
  const { nodes, outputs } = (await traceSession(spec)).builder
  const opOf = new Map(nodes.map((node) => [node.name, node.op]))
  const shapeOf = (ref: string) => String(outputs.get(ref)?.shape)
  const additions = nodes.filter(({ op }) => op === 'AddV2')
  expect(additions.length).toBeGreaterThan(0)
  for (const { name: node, inputs } of additions) {
    const [x, y] = inputs as [string, string]
    const chained = [x, y].some((ref) => opOf.get(ref) === 'AddV2') && shapeOf(x) === shapeOf(y)
    expect(chained, node).toBe(false)
  }
  expect(nodes.some(({ op }) => op === 'AddN')).toBe(false)
})
