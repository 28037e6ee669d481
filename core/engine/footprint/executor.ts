import { uniform } from '../../util/random.ts'
import type { Allocator, Chunk } from './allocator.ts'
import type { CompiledProgram, Value, Work } from './program.ts'

/** Memory that one or several values and variables lie in, until the last holder lets go. */
interface Buffer {
  readonly chunk: Chunk
  readonly bytes: number
  holders: number
}

/** The memory of a session: its variables, and what executors keep. */
export class SessionMemory {
  readonly allocator: Allocator
  private readonly variables = new Map<string, Buffer>()
  private readonly constants = new Map<CompiledProgram, readonly Buffer[]>()

  constructor(allocator: Allocator) {
    this.allocator = allocator
  }

  /** Nobody holds it yet. */
  make(bytes: number): Buffer {
    return { chunk: this.allocator.allocate(bytes), bytes, holders: 0 }
  }

  letGo(buffer: Buffer): void {
    buffer.holders--
    if (buffer.holders === 0) this.allocator.release(buffer.chunk)
  }

  variable(name: string): Buffer {
    const buffer = this.variables.get(name)
    if (!buffer) throw new Error(`the variable "${name}" has not been set`)
    return buffer
  }

  /** The variable lies in this memory from now on, or in new memory of its own. */
  assign(name: string, value: Buffer | undefined, bytes: number): void {
    const buffer = value ?? this.make(bytes)
    buffer.holders++
    const former = this.variables.get(name)
    this.variables.set(name, buffer)
    if (former) this.letGo(former)
  }

  /** Before a variable is changed: a copy where somebody still needs what it was. */
  own(name: string): void {
    const { holders, bytes } = this.variable(name)
    if (holders > 1) this.assign(name, undefined, bytes)
  }

  /** Made when a program is run for the first time, and kept. */
  constantsOf(program: CompiledProgram): readonly Buffer[] {
    const known = this.constants.get(program)
    if (known) return known
    const made = program.constants.map((bytes) => ({ ...this.make(bytes), holders: 1 }))
    this.constants.set(program, made)
    return made
  }
}

/** A thread of TensorFlow's executor. */
interface Thread {
  /** What it will run next, one after the other. */
  readonly inline: number[]
  /** What others may take from the end of. */
  readonly queue: number[]
  running: Running | null
}

/** A node, and the µs that are left of it. */
interface Running {
  readonly node: number
  left: number
}

type BusyThread = Thread & { running: Running }

/** How much an operation's time differs from what it usually is: so runs are not all in the same order. */
const jitter = 0.3

/**
 * Runs a program in the order in which TensorFlow's executor would (common_runtime/executor.cc): a thread goes on with
 * an operation that its own last one made ready and leaves the others to be taken, the newest first by itself, the oldest
 * first by an idle thread. Threads share the processors. Memory is given and taken in `memory`.
 */
export function execute(program: CompiledProgram, memory: SessionMemory, threads: number, seed: number): void {
  const run = new Run(program, memory)
  const pool: Thread[] = Array.from({ length: threads }, () => ({ inline: [], queue: [], running: null }))
  const { work } = program
  for (const [node, { waits }] of work.entries()) {
    if (waits === 0) pool[Math.floor(uniform(seed, 1, node) * threads)]?.queue.push(node)
  }
  for (let done = 0; done < work.length; done++) {
    for (const [place, thread] of pool.entries()) {
      if (thread.running) continue
      const node = next(pool, place)
      if (node === undefined) continue
      run.begin(node)
      const slower = 1 + jitter * (2 * uniform(seed, 2, node) - 1)
      thread.running = { node, left: (work[node] as Work).cost * slower }
    }
    const busy = pool.filter((thread): thread is BusyThread => thread.running !== null)
    const [first, ...others] = busy
    if (!first) throw new Error('nothing can run: the graph waits for itself')
    const thread = others.reduce(
      (soonest, other) => (other.running.left < soonest.running.left ? other : soonest),
      first,
    )
    const { node, left } = thread.running
    for (const { running } of busy) running.left -= left
    const ended: Thread = thread
    ended.running = null
    schedule(ended, run.end(node), work)
  }
  run.close()
}

function next(pool: readonly Thread[], place: number): number | undefined {
  const thread = pool[place] as Thread
  const own = thread.inline.shift() ?? thread.queue.shift()
  if (own !== undefined) return own
  for (let i = 1; i < pool.length; i++) {
    const taken = pool[(place + i) % pool.length]?.queue.pop()
    if (taken !== undefined) return taken
  }
  return undefined
}

/** ExecutorState::ScheduleReady. */
function schedule(thread: Thread, ready: readonly number[], work: readonly Work[]): void {
  let kept: number | null = null
  for (const node of ready) {
    if (work[node]?.inline) thread.inline.push(node)
    else {
      if (kept !== null) thread.queue.unshift(kept)
      kept = node
    }
  }
  if (kept === null) return
  if (thread.inline.length === 0) thread.inline.push(kept)
  else thread.queue.unshift(kept)
}

/**
 * One execution's values. Each input that still needs a value holds its memory, and so does the node that makes it while
 * it runs; variables and constants hold theirs for good.
 */
class Run {
  private readonly buffers: (Buffer | undefined)[]
  private readonly left: number[]
  private readonly waiting: number[]
  private readonly program: CompiledProgram
  private readonly memory: SessionMemory

  constructor(program: CompiledProgram, memory: SessionMemory) {
    this.program = program
    this.memory = memory
    this.buffers = new Array(program.values.length)
    this.left = program.values.map(({ uses }) => uses)
    this.waiting = program.work.map(({ waits }) => waits)
    const constants = memory.constantsOf(program)
    for (const [value, place] of program.constantValues) {
      this.lay(value, constants[place] as Buffer)
      this.drop(value)
    }
  }

  begin(node: number): void {
    const { effect, inputs, outputs } = this.program.work[node] as Work
    switch (effect.kind) {
      case 'none':
      case 'assign':
        return
      case 'read':
        this.lay(outputs[0] as number, this.memory.variable(effect.variable))
        return
      case 'share': {
        const shared = this.buffers[inputs[0] as number]
        // What is fed lies with the caller.
        if (shared) this.lay(outputs[0] as number, shared)
        return
      }
      case 'update':
        for (const name of effect.variables) this.memory.own(name)
        for (const output of outputs) this.lay(output, this.memory.make(this.value(output).bytes))
        return
      case 'make':
        for (const [place, output] of outputs.entries()) {
          const taken = this.takeOver(effect.over[place] ?? [], inputs, output)
          this.lay(output, taken ?? this.memory.make(this.value(output).bytes))
        }
    }
  }

  /** Lets go of what the node was the last to need. Returns the nodes that can run now. */
  end(node: number): number[] {
    const { effect, inputs, outputs, followers } = this.program.work[node] as Work
    if (effect.kind === 'assign') {
      const value = inputs[1] as number
      this.memory.assign(effect.variable, this.buffers[value], this.value(value).bytes)
    }
    for (const output of outputs) this.drop(output)
    for (const input of inputs) {
      this.drop(input)
      this.left[input] = (this.left[input] as number) - 1
    }
    return followers.filter((follower) => {
      const left = (this.waiting[follower] as number) - 1
      this.waiting[follower] = left
      return left === 0
    })
  }

  /** What was fetched goes to the caller. */
  close(): void {
    for (const [value, left] of this.left.entries()) for (let i = 0; i < left; i++) this.drop(value)
  }

  private value(value: number): Value {
    return this.program.values[value] as Value
  }

  /** A value begins in this memory, held by the node and by those that will need it. */
  private lay(value: number, buffer: Buffer): void {
    this.buffers[value] = buffer
    buffer.holders += this.value(value).uses + 1
  }

  private drop(value: number): void {
    const buffer = this.buffers[value]
    if (buffer) this.memory.letGo(buffer)
  }

  /** The memory of an input of the same form that only this node still needs. */
  private takeOver(places: readonly number[], inputs: readonly number[], output: number): Buffer | undefined {
    const { form } = this.value(output)
    const fits = (input: number) => this.value(input).form === form && this.buffers[input]?.holders === 1
    const place = places.find((candidate) => fits(inputs[candidate] as number))
    return place === undefined ? undefined : this.buffers[inputs[place] as number]
  }
}
