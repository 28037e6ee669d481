import type { Precision } from '../../../core/engine/engine.ts'
import { type Bench, warmUp } from '../bench.ts'
import { type BatchSize, decoderStepFlops, encoderStepFlops } from '../flops.ts'
import { runPart } from '../parts/parts.ts'
import { runPeer } from '../peer/peer.ts'
import type { StepResult } from '../result.ts'
import { bertShapes, gpt2Small, gptShapes, type Shape } from '../shapes.ts'
import type { Case } from './case.ts'
import { compareSteps } from './compare-steps.ts'

interface ShapeCase {
  readonly case: string
  readonly variant?: string
  readonly shape: Shape
  /** Full fine-tuning when absent. */
  readonly method?: 'full' | 'lora'
  readonly precision: Precision
  readonly threads: number
  readonly steps: number
  readonly reach: number | null
}

/** The bare engine beside transformers' own model of the same config, eager and, when asked for, compiled. */
export function compareShape(bench: Bench, { shape, method = 'full', ...comparison }: ShapeCase): Promise<StepResult> {
  const { precision, threads, steps } = comparison
  const { peer } = bench
  const { batch, length, config } = shape
  const common = { kind: 'shape', method, precision, threads, steps, warmUp, batch, length, config } as const
  const kinds = bench.compile ? [false, true] : [false]
  const library = method === 'lora' ? 'peft' : 'torch'
  return compareSteps(bench, {
    ...comparison,
    by: 'step',
    flops: ({ tokensPerStep }) => stepFlops(shape, { rows: batch, tokens: tokensPerStep }, method),
    ours: () => runPart('shape', { shape, method, precision, threads, steps, warmUp }),
    peers: peer
      ? kinds.map((compile) => ({
          name: compile ? (method === 'lora' ? 'peft + compile' : 'torch.compile') : library,
          run: () => runPeer(peer, { ...common, compile, learningRate: 5e-5, seed: 1 }),
        }))
      : [],
  })
}

function stepFlops({ config }: Shape, size: BatchSize, method: 'full' | 'lora'): number {
  return config.model_type === 'bert' ? encoderStepFlops(config, size, method) : decoderStepFlops(config, size, method)
}

/** One shape in each precision. */
function shapeCase(
  { name, about, shape, method = 'full' }: { name: string; about: string; shape: Shape; method?: 'full' | 'lora' },
  steps: number,
  reach: Record<Precision, number | null>,
): Case {
  return {
    name,
    about: `bare engine, ${about}, batch ${shape.batch} × ${shape.length}`,
    async *run(bench) {
      for (const precision of await bench.precisions()) {
        yield await compareShape(bench, {
          case: name,
          shape,
          method,
          precision,
          threads: bench.threads,
          steps: bench.stepsOr(steps),
          reach: reach[precision],
        })
      }
    },
  }
}

function bertCase(size: keyof typeof bertShapes, steps: number, reach: Record<Precision, number | null>): Case {
  const shape = bertShapes[size]
  const about = `BERT of ${shape.config.num_hidden_layers} layers, width ${shape.config.hidden_size}`
  return shapeCase({ name: `bert-${size}`, about, shape }, steps, reach)
}

function gptCase(size: keyof typeof gptShapes, steps: number, reach: Record<Precision, number | null>): Case {
  const shape = gptShapes[size]
  const about = `GPT-2 of ${shape.config.n_layer} layers, width ${shape.config.n_embd}`
  return shapeCase({ name: `gpt-${size}`, about, shape }, steps, reach)
}

const reaches: Record<keyof typeof bertShapes, Record<Precision, number | null>> = {
  s: { fp32: 1.4, bf16: null },
  m: { fp32: 1.6, bf16: 1.2 },
  l: { fp32: 2, bf16: 1.5 },
}

export const shapeCases: readonly Case[] = [
  bertCase('s', 100, reaches.s),
  bertCase('m', 40, reaches.m),
  bertCase('l', 8, reaches.l),
  gptCase('s', 100, reaches.s),
  gptCase('m', 40, reaches.m),
  gptCase('l', 8, reaches.l),
  shapeCase({ name: 'gpt2-full', about: 'GPT-2-small (124M), full', shape: gpt2Small }, 8, { fp32: 1.5, bf16: 1.5 }),
  shapeCase({ name: 'gpt2-lora', about: 'GPT-2-small (124M), LoRA r 8', shape: gpt2Small, method: 'lora' }, 12, {
    fp32: 1.5,
    bf16: 1.5,
  }),
]
