import type { Precision } from '../../../core/engine/engine.ts'
import { type Bench, warmUp } from '../bench.ts'
import { stepFlops } from '../flops.ts'
import { runPart } from '../parts/parts.ts'
import { runPeer } from '../peer/peer.ts'
import type { StepResult } from '../result.ts'
import { type Shape, shapes } from '../shapes.ts'
import type { Case } from './case.ts'
import { compareSteps } from './compare-steps.ts'

interface ShapeCase {
  readonly case: string
  readonly variant?: string
  readonly shape: Shape
  readonly precision: Precision
  readonly threads: number
  readonly steps: number
  readonly reach: number | null
}

/** The bare engine beside transformers' own model of the same config, eager and, when asked for, compiled. */
export function compareShape(bench: Bench, { shape, ...comparison }: ShapeCase): Promise<StepResult> {
  const { precision, threads, steps } = comparison
  const { peer } = bench
  const { batch, length, config } = shape
  const common = { kind: 'shape', precision, threads, steps, warmUp, batch, length, config } as const
  const kinds = bench.compile ? [false, true] : [false]
  return compareSteps(bench, {
    ...comparison,
    by: 'step',
    flops: ({ tokensPerStep }) => stepFlops(config, { rows: batch, tokens: tokensPerStep }, 'full'),
    ours: () => runPart('shape', { shape, precision, threads, steps, warmUp }),
    peers: peer
      ? kinds.map((compile) => ({
          name: compile ? 'torch.compile' : 'torch',
          run: () => runPeer(peer, { ...common, compile, learningRate: 5e-5, seed: 1 }),
        }))
      : [],
  })
}

function shapeCase(name: keyof typeof shapes, steps: number, reach: Record<Precision, number | null>): Case {
  const { batch, length, config } = shapes[name]
  return {
    name: `bert-${name}`,
    about: `bare engine, BERT of ${config.num_hidden_layers} layers, width ${config.hidden_size}, batch ${batch} × ${length}`,
    async *run(bench) {
      for (const precision of await bench.precisions()) {
        yield await compareShape(bench, {
          case: `bert-${name}`,
          shape: shapes[name],
          precision,
          threads: bench.threads,
          steps: bench.stepsOr(steps),
          reach: reach[precision],
        })
      }
    },
  }
}

export const shapeCases: readonly Case[] = [
  shapeCase('s', 100, { fp32: 1.4, bf16: null }),
  shapeCase('m', 40, { fp32: 1.6, bf16: 1.2 }),
  shapeCase('l', 8, { fp32: 2, bf16: 1.5 }),
]
