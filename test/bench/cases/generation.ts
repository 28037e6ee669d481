import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { decoderTokenFlops } from '../flops.ts'
import { runPart } from '../parts/parts.ts'
import { runGeneration } from '../peer/peer.ts'
import { writeRandomModel } from '../random-model.ts'
import { gpt2Small } from '../shapes.ts'
import type { Case } from './case.ts'
import { compareSteps } from './compare-steps.ts'

const promptLength = 32
const { config } = gpt2Small

/** A step is a token after the first; loading and reading the prompt are not on the clock. */
export const generationCase: Case = {
  name: 'generation',
  about: "GPT-2-small (124M) writes one text, greedy, 32 tokens of prompt and 128 new, beside transformers' generate",
  async *run(bench) {
    const modelDir = await mkdtemp(join(tmpdir(), 'attune-bench-model-'))
    try {
      bench.say('generation, writing a model …')
      await writeRandomModel(modelDir, config)
      for (const precision of await bench.precisions()) yield await compare(bench, modelDir, precision)
    } finally {
      await rm(modelDir, { recursive: true, force: true, maxRetries: 5 })
    }
  },
}

async function compare(bench: Bench, modelDir: string, precision: 'fp32' | 'bf16') {
  const { peer, threads } = bench
  const tokens = bench.stepsOr(127) + 1
  const prompt = Array.from({ length: promptLength }, (_, i) => (i * 7919) % config.vocab_size)
  const spec = { modelDir, precision, threads, prompt, tokens }
  const texts = new Set<string>()
  const told = <Outcome extends { ids: readonly number[] }>(outcome: Outcome): Outcome => {
    texts.add(outcome.ids.join())
    return outcome
  }
  const result = await compareSteps(bench, {
    case: 'generation',
    variant: 'a token',
    precision,
    threads,
    by: 'step',
    reach: 1.5,
    flops: () => decoderTokenFlops(config, promptLength + tokens / 2),
    ours: async () => told(await runPart('generate', spec)),
    peers: peer
      ? [{ name: 'transformers', run: async () => told(await runGeneration(peer, { kind: 'generation', ...spec })) }]
      : [],
  })
  // In bfloat16 the sides round in different places.
  if (precision === 'fp32' && texts.size > 1)
    bench.note('generation, fp32: the sides did not write the same tokens, so they did not do the same work.')
  return result
}
