import { join } from 'node:path'
import type { RunConfigInput } from '../../core/contract/settings.ts'
import { environmentNamed } from '../../core/environments/registry.ts'
import { writeFreshModel } from '../support/fresh-model.ts'
import type { Demo, Shown, Workbench } from './demo.ts'

/**
 * Decision Transformers learn from constructed episodes of mixed quality, a quarter of them the expert's and a quarter
 * chance's, and are let loose in episodes that they have not seen: chance scores 0, the expert 100.
 */
export const decisions: Demo = {
  kind: 'decisions',
  async run(bench) {
    const grid = { hidden_size: 96, n_layer: 3, n_head: 2 }
    const small = { hidden_size: 64, n_layer: 2, n_head: 2 }
    return [
      await learn(bench, 'grid-world', grid, { context_length: 8, learning_rate: 2e-3, max_steps: 800 }, 75),
      await learn(bench, 'cart-pole', small, { learning_rate: 1e-3, max_steps: 75 }, 75),
      await learn(bench, 'tic-tac-toe', small, { context_length: 5, learning_rate: 2e-3, max_steps: 600 }, 50),
    ]
  },
}

async function learn(
  { scratch, call, addModel, train }: Workbench,
  env: string,
  sizes: Readonly<Record<string, number>>,
  settings: Partial<RunConfigInput>,
  atLeast: number,
): Promise<Shown> {
  const environment = environmentNamed(env)
  if (!environment) throw new Error(`There is no environment ${env}.`)
  const { stateSize, actions, mostSteps } = environment
  const { dataset } = await call('datasets.import', { source: { kind: 'sample', name: env } })
  const folder = join(scratch, `${env}-model`)
  const choices = actions.kind === 'choice'
  const shape = { state_dim: stateSize, act_dim: actions.count, action_tanh: !choices, max_ep_len: mostSteps }
  const rest = { n_positions: 4, activation_function: 'gelu_new', vocab_size: 1 }
  await writeFreshModel(folder, { model_type: 'decision_transformer', ...shape, ...sizes, ...rest }, 'decision-making')
  const model = await addModel(folder, `Decision Transformer for ${env}`)
  const run = await train({
    model: model.id,
    dataset: dataset.id,
    metric_for_best_model: 'eval/return',
    per_device_train_batch_size: 32,
    per_device_eval_batch_size: 40,
    max_eval_samples: 40,
    eval_steps: Math.ceil((settings.max_steps as number) / 2),
    seed: 1,
    ...settings,
  })
  const told = { metric: 'eval/score', before: 0, beforeIs: 'chance', better: 'higher', atLeast } as const
  return { what: env, run, ...told }
}
