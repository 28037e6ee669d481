import { bertShapes } from '../shapes.ts'
import type { Case } from './case.ts'
import { compareShape } from './shapes.ts'

/** Rows and tokens a row: the same number of tokens in longer and longer rows, then more and more rows. */
const layouts = [
  [16, 64],
  [4, 256],
  [2, 512],
  [1, 128],
  [32, 128],
] as const

/** How a step's time follows from the length of its rows and from their number, on both sides. */
export const scalingCase: Case = {
  name: 'scaling',
  about: 'longer rows and more of them, the middle BERT, fp32',
  async *run(bench) {
    const { config } = bertShapes.m
    for (const [batch, length] of layouts) {
      yield await compareShape(bench, {
        case: 'scaling',
        variant: `${batch} × ${length}`,
        shape: { batch, length, config: { ...config, max_position_embeddings: Math.max(length, 128) } },
        precision: 'fp32',
        threads: bench.threads,
        steps: bench.stepsOr(20),
        reach: null,
      })
    }
  },
}
