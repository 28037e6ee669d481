import { parseArgs } from 'node:util'
import { AttuneError } from '../../core/contract/errors.ts'
import { nearest } from '../../core/util/nearest.ts'

export interface Arguments {
  /** Names of the cases to run, in the order of the list; all when none was named. */
  readonly cases: readonly string[]
  readonly json: boolean
  readonly list: boolean
  /** Also PyTorch with torch.compile, where a case has it. */
  readonly compile: boolean
  /** Processes of each side. */
  readonly rounds: number
  /** Timed steps of each process; null leaves it to the case. */
  readonly steps: number | null
}

/** Throws AttuneError bad_request naming what is not understood. */
export function readArguments(args: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parse(args)
  for (const name of positionals) {
    if (known.includes(name)) continue
    const guess = nearest(name, known)
    const hint = guess ? ` Did you mean "${guess}"?` : ''
    throw new AttuneError('bad_request', `There is no case "${name}".${hint} Known are ${known.join(', ')}.`)
  }
  return {
    cases: positionals.length === 0 ? known : known.filter((name) => positionals.includes(name)),
    json: values.json,
    list: values.list,
    compile: values.compile,
    rounds: wholeNumber('rounds', values.rounds),
    steps: values.steps === undefined ? null : wholeNumber('steps', values.steps),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        compile: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '2' },
        steps: { type: 'string' },
      },
    })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AttuneError('bad_request', `${reason.replace(/\.$/, '')}.`, {}, { cause })
  }
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new AttuneError('bad_request', `--${option} ${text}: it must be a whole number from 1.`)
}
