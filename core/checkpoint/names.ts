import { architectureInfos } from '../contract/architectures.ts'
import type { TaskName } from '../contract/settings.ts'

/**
 * The name that transformers gives a checkpoint's tensor in the model of a task, or null for one that is no part of it.
 * models/ knows this for running a model; here it serves to rewrite files without loading the engine. Checkpoints of the
 * bare trunk lack its name in front; very old ones call the layer norms' parameters gamma and beta.
 */
export function parameterName(modelType: string, name: string, task: TaskName): string | null {
  const naming = architectureInfos[modelType]?.checkpoint
  if (!naming || naming.left.test(name)) return null
  const modern = name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
  const full = modern.startsWith(naming.trunk) || naming.top.test(modern) ? modern : `${naming.trunk}${modern}`
  const { own = {} } = naming
  const foreign = Object.values(own).some((pattern) => pattern.test(full)) && !own[task]?.test(full)
  return foreign ? null : full
}

/** What transformers calls the model of a type for a task: "architectures" of its config.json; undefined for none. */
export function className(modelType: string, task: TaskName): string | undefined {
  return architectureInfos[modelType]?.checkpoint.classes[task]
}
