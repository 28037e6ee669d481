import type { Model, ModelSource } from '../../contract/domain.ts'
import { bytes, count, moment } from '../format.ts'
import { findRun, type Ground, showingProgress, sourceOf } from '../ground.ts'
import type { Answer } from '../io.ts'
import { facts, table } from '../table.ts'

/** `checkpoint` is asked of "run:RUN" only. */
export async function addModel(
  ground: Ground,
  folder: string,
  { name, checkpoint }: { name?: string; checkpoint: 'best' | 'last' | number },
): Promise<Answer> {
  ground.output.note(`Adding ${folder} …`)
  const named = name === undefined ? {} : { name }
  const { model } = await showingProgress(
    ground,
    folder.startsWith('run:')
      ? ground.call('models.fromRun', { run: (await findRun(ground, folder.slice(4))).id, checkpoint, ...named })
      : ground.call('models.add', { source: modelSource(ground, folder), ...named }),
  )
  return { value: { model }, text: `Added.\n${modelFacts(model)}` }
}

function modelSource(ground: Ground, named: string): ModelSource {
  return named.startsWith('hub:') ? { kind: 'hub', model: named.slice(4) } : sourceOf(ground, 'starter', named)
}

export function modelFacts(model: Model): string {
  return facts([
    ['id', model.id],
    ['name', model.name],
    ['architecture', `${model.architecture}, ${model.layers} layers, hidden size ${model.hiddenSize}`],
    ['parameters', `${count(model.parameters)} (${bytes(model.bytes)})`],
    ...(model.licence === undefined ? [] : [['licence', model.licence] as const]),
  ])
}

export async function listModels({ call }: Ground): Promise<Answer> {
  const { models } = await call('models.list', {})
  const text =
    models.length === 0
      ? 'No models yet. Add one: attune models add FOLDER, or starter:minilm-l6.'
      : table(
          [
            { title: 'ID', value: ({ id }: Model) => id },
            { title: 'NAME', value: ({ name }) => name, max: 40 },
            { title: 'KIND', value: ({ architecture }) => architecture },
            { title: 'PARAMETERS', value: ({ parameters }) => count(parameters), right: true },
            { title: 'LAYERS', value: ({ layers }) => String(layers), right: true },
            { title: 'ADDED', value: ({ createdAt }) => moment(createdAt) },
          ],
          models,
        )
  return { value: { models }, text }
}
