import { architectureInfos } from '../contract/architectures.ts'
import type { Model, Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { blueprints, sourceFromScratch } from '../contract/presets.ts'
import { type RecurrentType, sizesLike } from '../contract/recurrent-baseline.ts'
import type { Cancellations } from './cancellations.ts'
import type { Context } from './context.ts'
import { createModel } from './create-model.ts'
import { requireDataset, requireModel, requireRun } from './find.ts'
import type { Written } from './new-run.ts'

/**
 * A recurrent model with about as many parameters as a run's model and the same tokenizer, and the settings with which it
 * is trained beside the run: the same data, split, epochs and batches, all of it trained, at a rate that suits it. One that
 * was made before is taken again. Throws AttuneError: not_found, unsupported (a task that it is not for).
 */
export async function baselineOf(
  context: Context,
  id: string,
  type: RecurrentType,
  cancellations: Cancellations,
): Promise<{ model: Model; config: Written }> {
  const { store } = context
  const run = requireRun(store, id)
  const title = blueprints[type]?.title ?? type
  refuseOtherTasks(run, type)
  const like = requireModel(store, run.model.id)
  if (like.architecture === type) {
    throw new AttuneError('bad_request', `The model of ${run.name} is of that kind already: ${title}.`, { id })
  }
  const classes = requireDataset(store, run.dataset.id).labels.length
  const { task, seed } = run.config
  const { sizes } = sizesLike(type, { ...like, parameters: run.plan?.parameters ?? like.parameters }, task, classes)
  const name = `${title} like ${like.name}`
  const made = store.models.list().find(isMade)
  const model =
    made ??
    (await createModel(
      context,
      {
        architecture: type,
        size: 'tiny',
        fields: { ...sizes },
        tokenizer: { from: 'model', model: like.id },
        seed,
        name,
      },
      cancellations,
    ))
  return { model, config: beside(run, model, title) }

  function isMade({ architecture, tokenizerHash, hiddenSize, layers, source }: Model): boolean {
    const isSame = architecture === type && tokenizerHash === like.tokenizerHash && source === sourceFromScratch(seed)
    return isSame && hiddenSize === sizes.hidden_size && layers === sizes.num_hidden_layers
  }
}

function refuseOtherTasks({ name, config }: Run, type: RecurrentType): void {
  const known = architectureInfos[type]?.tasks ?? []
  if (known.includes(config.task)) return
  const message = `The run ${name} is for ${config.task}, which recurrent models are not trained for here; they are for ${known.join(' and ')}.`
  throw new AttuneError('unsupported', message, { task: config.task })
}

/** What is the method's or the Transformer's own stays behind, the learning rate among it. */
function beside({ name, config }: Run, model: Model, title: string): Written {
  const {
    learning_rate: _rate,
    target_modules: _targets,
    num_frozen_layers: _frozen,
    gradient_checkpointing: _checkpointing,
    name: _name,
    ...kept
  } = config
  return {
    ...kept,
    num_frozen_layers: 0,
    gradient_checkpointing: false,
    model: model.id,
    method: 'full',
    name: `${name}, ${title} beside it`,
  }
}
