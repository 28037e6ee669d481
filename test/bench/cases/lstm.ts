import { warmUp } from '../bench.ts'
import { recurrentStepFlops } from '../flops.ts'
import { runPart } from '../parts/parts.ts'
import { runPeer } from '../peer/peer.ts'
import { lstmShape } from '../shapes.ts'
import type { Case } from './case.ts'
import { compareSteps } from './compare-steps.ts'

const { batch, length, config } = lstmShape

/** Layers of core/nn beside torch.nn.LSTM, eager and, when asked for, compiled. */
export const lstmCase: Case = {
  name: 'lstm',
  about: `bare engine, ${config.num_layers} LSTM layers of width ${config.hidden_size}, batch ${batch} × ${length}, beside torch.nn.LSTM`,
  async *run(bench) {
    const { peer, threads } = bench
    const timed = { threads, steps: bench.stepsOr(20), warmUp }
    const common = { ...timed, kind: 'shape', precision: 'fp32', method: 'full', batch, length, config } as const
    yield await compareSteps(bench, {
      case: 'lstm',
      precision: 'fp32',
      threads,
      by: 'step',
      reach: 1,
      flops: ({ tokensPerStep }) => recurrentStepFlops(config, tokensPerStep),
      ours: () => runPart('lstm', { ...timed, shape: lstmShape }),
      peers: peer
        ? (bench.compile ? [false, true] : [false]).map((compile) => ({
            name: compile ? 'torch.compile' : 'torch',
            run: () => runPeer(peer, { ...common, compile, learningRate: 5e-5, seed: 1 }),
          }))
        : [],
    })
  },
}
