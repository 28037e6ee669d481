import { openAdapter } from '../checkpoint/adapter.ts'
import { openWeights, type Weights } from '../checkpoint/weights.ts'
import { AttuneError } from '../contract/errors.ts'
import type { Session } from '../engine/engine.ts'
import { writeVariables } from '../engine/variables.ts'
import type { ParameterSpec } from '../models/architecture.ts'
import { initialise } from '../nn/init.ts'
import type { LoadedModel } from './load-model.ts'
import type { Reporter } from './reporter.ts'
import { isHead, type Trainable } from './trainable.ts'

type Specs = Readonly<Record<string, ParameterSpec>>

/**
 * Sets a session's variables for the beginning of a run: the checkpoint's weights where it has them, the head and the
 * adapters from the seed where it does not. Throws AttuneError bad_file naming a tensor that is missing or misshapen.
 */
export async function fillVariables(
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  seed: number,
  reporter: Pick<Reporter, 'log'>,
): Promise<void> {
  const weights = await openWeights(model.dir)
  try {
    const sources = sourceNames(weights, model)
    const fresh: string[] = []
    const missing = Object.entries(model.parameters)
      .filter(([name, spec]) => !sources.has(name) && !isHead(model, name) && !spec.frozen)
      .map(([name]) => name)
    if (missing.length > 0) throw lacking(missing, model.dir)
    writeVariables(session, model.parameters, (name, spec) => {
      const source = sources.get(name)
      if (isHead(model, name) && !(source !== undefined && fits(weights, source, spec))) {
        const shape = source === undefined ? null : weights.shape(source)
        fresh.push(shape === null ? name : `${name} (there for ${shape[0]} classes)`)
        return initialise(spec, seed, name)
      }
      // One that a checkpoint may leave out stands for what it begins with.
      if (source === undefined && spec.frozen) return initialise(spec, seed, name)
      return readWhole(weights, source, name, spec, model.dir)
    })
    writeVariables(session, trainable.adapters, (name, spec) => initialise(spec, seed, name))
    if (fresh.length > 0) reporter.log('info', `Not in the checkpoint, drawn with seed ${seed}: ${fresh.join(', ')}.`)
    const shared = Object.entries(model.parameters).flatMap(([name, { otherwise }]) =>
      otherwise !== undefined && sources.get(name) === sources.get(otherwise)
        ? [`${name} (begins as ${otherwise})`]
        : [],
    )
    if (shared.length > 0) reporter.log('info', `Not in the checkpoint: ${shared.join(', ')}.`)
    const used = new Set(sources.values())
    const unused = weights.names().filter((name) => !used.has(name))
    if (unused.length > 0) {
      reporter.log('info', `Tensors of the checkpoint that are no part of this model: ${listed(unused)}.`)
    }
  } finally {
    weights.close()
  }
}

/**
 * Sets a session's variables to a checkpoint that a run wrote: all of them from its folder, or, for an adapter, those
 * that were trained from its folder and the others from the base model's. Nothing is drawn: what is missing throws
 * AttuneError bad_file.
 */
export async function restoreVariables(
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  checkpointDir: string,
): Promise<void> {
  const trained: Specs = trainable.targets.length > 0 ? trainedSpecs(model, trainable) : {}
  const weights = await openWeights(model.dir)
  try {
    const sources = sourceNames(weights, model)
    const rest = Object.fromEntries(Object.entries(model.parameters).filter(([name]) => !Object.hasOwn(trained, name)))
    writeVariables(session, rest, (name, spec) => {
      const source = sources.get(name)
      if (source === undefined && spec.frozen) return initialise(spec, 0, name)
      return readWhole(weights, source, name, spec, model.dir)
    })
  } finally {
    weights.close()
  }
  await restoreAdapter(session, trained, checkpointDir)
}

/**
 * Sets those of a run's variables that another run's checkpoint is to give: the whole model's, or of an adapter those
 * that were trained. Throws as restoreVariables.
 */
export async function overlayVariables(
  session: Session,
  model: LoadedModel,
  trainable: Trainable,
  checkpointDir: string,
  taken: (name: string) => boolean,
): Promise<void> {
  const pick = (specs: Specs): Specs => Object.fromEntries(Object.entries(specs).filter(([name]) => taken(name)))
  if (trainable.targets.length > 0) {
    return restoreAdapter(session, pick(trainedSpecs(model, trainable)), checkpointDir)
  }
  const weights = await openWeights(checkpointDir)
  try {
    const sources = sourceNames(weights, model)
    writeVariables(session, pick(model.parameters), (name, spec) =>
      readWhole(weights, sources.get(name), name, spec, checkpointDir),
    )
  } finally {
    weights.close()
  }
}

async function restoreAdapter(session: Session, trained: Specs, checkpointDir: string): Promise<void> {
  if (Object.keys(trained).length === 0) return
  const adapter = await openAdapter(checkpointDir)
  try {
    const there = new Set(adapter.names())
    writeVariables(session, trained, (name, spec) =>
      readWhole(adapter, there.has(name) ? name : undefined, name, spec, checkpointDir),
    )
  } finally {
    adapter.close()
  }
}

/** The trained parameters, adapters included. */
export function trainedSpecs(model: LoadedModel, { adapters, names }: Trainable): Specs {
  const all: Specs = { ...model.parameters, ...adapters }
  return Object.fromEntries(names.map((name) => [name, all[name] as ParameterSpec]))
}

/** Our name of each parameter to the checkpoint's own, or to that of the one that it begins as. */
function sourceNames(weights: Weights, model: LoadedModel): Map<string, string> {
  const sources = new Map<string, string>()
  for (const name of weights.names()) {
    const ours = model.head.rename(name)
    if (ours !== null && Object.hasOwn(model.parameters, ours)) sources.set(ours, name)
  }
  for (const [name, { otherwise }] of Object.entries(model.parameters)) {
    const source = otherwise === undefined || sources.has(name) ? undefined : sources.get(otherwise)
    if (source !== undefined) sources.set(name, source)
  }
  return sources
}

/** All of them in the details. */
function lacking(names: readonly string[], dir: string): AttuneError {
  const message = `The weights lack ${listed(names)} (${dir}). Use a folder that has the whole model.`
  return new AttuneError('bad_file', message, { missing: names })
}

const mostNamed = 10

function listed(names: readonly string[]): string {
  const more = names.length - mostNamed
  const quoted = names.slice(0, mostNamed).map((name) => `"${name}"`)
  return `${quoted.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function fits(weights: Weights, source: string, spec: ParameterSpec): boolean {
  return String(weights.shape(source)) === String(spec.shape)
}

function readWhole(
  weights: Weights,
  source: string | undefined,
  name: string,
  spec: ParameterSpec,
  dir: string,
): Float32Array {
  if (source === undefined) throw lacking([name], dir)
  if (!fits(weights, source, spec)) {
    const message = `The tensor "${source}" has the shape [${weights.shape(source)}], but this model needs [${spec.shape}] (${dir}).`
    throw new AttuneError('bad_file', message, { tensor: source })
  }
  return weights.read(source)
}
