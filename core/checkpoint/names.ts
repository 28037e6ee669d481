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

/** What transformers' loaded model calls a parameter or module that its checkpoints give this name: mostly the same. */
export function moduleName(modelType: string, name: string): string {
  const { modules = [] } = architectureInfos[modelType]?.checkpoint ?? {}
  return modules.reduce((path, [part, there]) => path.replace(part, there), name)
}

/** Whether transformers' modules are called otherwise than its checkpoints' tensors. */
export function renamesModules(modelType: string): boolean {
  return architectureInfos[modelType]?.checkpoint.modules !== undefined
}

/**
 * The modules that these tensors lie in, as peft takes them whole ("modules_to_save"): what stands on top as one, of
 * `bert.pooler.dense.weight` its own layer.
 */
export function modulesOf(modelType: string, names: readonly string[]): string[] {
  const top = architectureInfos[modelType]?.checkpoint.top
  const end = (name: string) => (top?.test(name) ? name.indexOf('.') : name.lastIndexOf('.'))
  return [...new Set(names.map((name) => name.slice(0, end(name))))]
}

/** What a task's head has once loaded and no checkpoint holds: the name of each such tensor, and of the one that it is. */
export function tiedTensors(modelType: string, task: TaskName): readonly (readonly [string, string])[] {
  return Object.entries(architectureInfos[modelType]?.checkpoint.tied?.[task] ?? {})
}
