import { join } from 'node:path'
import { readModelConfig } from '../../../core/checkpoint/config.ts'
import type { Precision } from '../../../core/engine/engine.ts'
import { attuneCache } from '../../../core/util/paths.ts'
import { warmUp } from '../bench.ts'
import { type EncoderSizes, encoderStepFlops } from '../flops.ts'
import type { Home, Settings } from '../home.ts'
import type { PeerSpec } from '../peer/peer.ts'
import { runPeer } from '../peer/peer.ts'
import type { Case } from './case.ts'
import { compareSteps } from './compare-steps.ts'

const batch = 16
const length = 128
const learningRates = { full: 5e-5, lora: 1e-3 } as const

/** Whole batches only: an epoch of the sample has 138 of them. */
export const mostSteps = 130

/** The settings of a run of so many steps on the e-mails, evaluated once, on few rows. */
export function mailSettings(method: 'full' | 'lora', precision: Precision, steps: number): Settings {
  return {
    method,
    precision,
    max_steps: Math.min(steps, mostSteps),
    max_length: length,
    per_device_train_batch_size: batch,
    learning_rate: learningRates[method],
    logging_steps: 1,
    eval_steps: mostSteps,
    max_eval_samples: 8,
    per_device_eval_batch_size: 8,
  }
}

/** The same on the other side. */
export function mailPeer(
  { modelDir }: Home,
  method: 'full' | 'lora',
  timed: Pick<PeerSpec, 'precision' | 'threads' | 'steps' | 'warmUp'>,
): PeerSpec {
  return {
    ...timed,
    kind: 'mails',
    method,
    modelDir,
    file: join(attuneCache(), 'samples', 'spam-assassin', 'emails.csv'),
    compile: false,
    batch,
    length,
    learningRate: learningRates[method],
    seed: 1,
  }
}

function mailCase(method: 'full' | 'lora'): Case {
  return {
    name: `minilm-${method}`,
    about: `the attune command beside transformers${method === 'lora' ? ' and peft' : ''}: MiniLM on the e-mails`,
    async *run(bench) {
      const home = await bench.home()
      const { peer, threads } = bench
      const steps = Math.min(bench.stepsOr(60), mostSteps - warmUp)
      const sizes = (await readModelConfig(home.modelDir)).json as unknown as EncoderSizes
      for (const precision of await bench.precisions()) {
        const timed = { precision, threads, steps, warmUp }
        yield await compareSteps(bench, {
          case: `minilm-${method}`,
          precision,
          threads,
          by: 'tokens/s',
          reach: 2,
          flops: ({ tokensPerStep }) => encoderStepFlops(sizes, { rows: batch, tokens: tokensPerStep }, method),
          ours: () => home.train(mailSettings(method, precision, warmUp + steps), threads, warmUp),
          peers: peer
            ? [
                {
                  name: method === 'lora' ? 'peft' : 'transformers',
                  run: () => runPeer(peer, mailPeer(home, method, timed)),
                },
              ]
            : [],
        })
      }
    },
  }
}

export const mailCases: readonly Case[] = [mailCase('full'), mailCase('lora')]
