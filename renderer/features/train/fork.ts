import type { Checkpoint, Run } from '../../../core/contract/domain.ts'
import {
  defaultLearningRate,
  type Method,
  type RunConfig,
  type RunConfigInput,
  runConfigInputSchema,
  settingNames,
} from '../../../core/contract/settings.ts'

/** What a new run begins with, where that is another run's checkpoint. */
export interface Fork {
  readonly run: string
  readonly checkpoint: 'best' | 'last' | number
  readonly optimizer: boolean
}

/** `?fork=<run>&checkpoint=120`; null where the address names no run. */
export function forkFrom(search: URLSearchParams): Fork | null {
  const run = search.get('fork')
  if (run === null) return null
  const asked = search.get('checkpoint') ?? 'best'
  const checkpoint = asked === 'last' ? 'last' : /^\d+$/.test(asked) ? Number(asked) : 'best'
  return { run, checkpoint, optimizer: false }
}

/** The checkpoint that is meant, of those that there are. */
export function checkpointOf(all: readonly Checkpoint[], { checkpoint }: Fork): Checkpoint | undefined {
  return all.find((one) => (typeof checkpoint === 'number' ? one.step === checkpoint : one[checkpoint]))
}

/** Why a method cannot go on with a run's checkpoint, as a sentence; null when it can. */
export function methodProblem(method: Method, parent: Pick<Run, 'name' | 'config'>): string | null {
  if ((method === 'lora') === (parent.config.method === 'lora')) return null
  return parent.config.method === 'lora'
    ? `Method: “${parent.name}” has trained an adapter, which only LoRA can go on with.`
    : `Method: “${parent.name}” has trained a whole model; an adapter beside it is no fork of it.`
}

/** The same fork from a shell: only what is not as it was is set. */
export function forkCommand(fork: Fork, config: RunConfigInput, before: RunConfig): string {
  const now: Record<string, unknown> = runConfigInputSchema.parse(config)
  now.learning_rate ??= defaultLearningRate[config.method ?? 'full']
  const sets = settingNames.flatMap((name) => {
    const value = name === 'name' ? config.name : now[name]
    const same = JSON.stringify(value) === JSON.stringify(name === 'name' ? undefined : before[name])
    return same || value === undefined ? [] : [quoted(`${name}=${textOf(value)}`)]
  })
  const parts = [`npm run -s attune -- runs fork ${fork.run} --checkpoint ${fork.checkpoint}`]
  if (fork.optimizer) parts.push('--optimizer')
  if (sets.length > 0) parts.push(`--set ${sets.join(' ')}`)
  return [...parts, '--watch'].join(' \\\n  ')
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w.,:/=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
