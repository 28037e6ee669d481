import type { Precision } from '../../core/engine/engine.ts'
import type { Arguments } from './arguments.ts'
import { type Home, makeHome } from './home.ts'
import { runPart } from './parts/parts.ts'
import type { PeerEnvironment } from './peer/environment.ts'

/** Steps at the beginning of each process that are not timed, on either side. */
export const warmUp = 3

/** What the cases of one run of the benchmark share. */
export class Bench {
  readonly threads: number
  readonly rounds: number
  readonly compile: boolean
  /** Null where there is no Python side. */
  readonly peer: PeerEnvironment | null
  /** Operations a second, by "fp32, 2 threads". */
  readonly ceilings: Record<string, number> = {}
  readonly notes: string[] = []
  /** Tells the person who waits. */
  readonly say: (text: string) => void
  private readonly steps: number | null
  private made: Promise<Home> | null = null

  constructor(
    args: Pick<Arguments, 'rounds' | 'compile' | 'steps'>,
    threads: number,
    peer: PeerEnvironment | null,
    say: (text: string) => void,
  ) {
    this.threads = threads
    this.rounds = args.rounds
    this.compile = args.compile
    this.steps = args.steps
    this.peer = peer
    this.say = say
  }

  /** Timed steps of each process: what was asked for, else what suits the case. */
  stepsOr(usual: number): number {
    return this.steps ?? usual
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text)
  }

  /** The data home, made when the first case needs it. */
  home(): Promise<Home> {
    this.made ??= makeHome()
    return this.made
  }

  /** Measured once for each precision and thread count. Throws where the engine has no such precision. */
  async ceiling(precision: Precision, threads: number): Promise<number> {
    const key = `${precision}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
    const known = this.ceilings[key]
    if (known !== undefined) return known
    this.say(`Measuring the ceiling of matrix products (${key}).`)
    const { engine, flops } = await runPart('ceiling', { precision, threads })
    if (precision !== 'fp32' && engine.precision !== precision)
      throw new Error(`The engine computed in ${engine.precision ?? 'fp32'} where ${precision} was asked for.`)
    this.ceilings[key] = flops
    return flops
  }

  /** fp32, and bf16 where the engine has it; what is missing is noted. */
  async precisions(): Promise<readonly Precision[]> {
    try {
      await this.ceiling('bf16', this.threads)
      return ['fp32', 'bf16']
    } catch (thrown) {
      this.note(`bf16 was left out: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      return ['fp32']
    }
  }

  async close(): Promise<void> {
    if (this.made) await (await this.made).remove()
  }
}
