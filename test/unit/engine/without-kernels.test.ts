import { expect, test, vi } from 'vitest'
import { kernelsLoaded } from '../../../core/engine/native/kernels.ts'
import { largestDifference } from '../../support/engines.ts'
import { trainBlockOnBoth } from '../../support/trained-block.ts'

vi.hoisted(() => {
  process.env.ATTUNE_KERNELS = 'off'
})

test('without the fused operations the graph engine trains as the eager one does', async () => {
  const { graph, eager } = await trainBlockOnBoth()
  expect(kernelsLoaded()).toBe(false)
  for (const [name, values] of Object.entries(eager))
    expect(largestDifference(values, graph[name] ?? []), name).toBeLessThan(2e-5)
})
