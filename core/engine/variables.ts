import type { Session, TensorSpec } from './engine.ts'

/** Numbers moved in one call: one call for many variables is quick, but all at once would double the memory. */
const chunkNumbers = 16 * 1024 * 1024

/** Things in order, in groups of bounded size. */
export function* groupsOf<Thing>(things: Iterable<Thing>, sizeOf: (thing: Thing) => number): Generator<Thing[]> {
  let group: Thing[] = []
  let numbers = 0
  for (const thing of things) {
    const size = sizeOf(thing)
    if (group.length > 0 && numbers + size > chunkNumbers) {
      yield group
      group = []
      numbers = 0
    }
    group.push(thing)
    numbers += size
  }
  if (group.length > 0) yield group
}

export const numbersIn = ({ shape }: TensorSpec) => shape.reduce((a, b) => a * b, 1)

/**
 * Sets variables to values that come one after the other, each in memory of its own, which is given back as soon as it has
 * been written: left to the collector, much of a model would lie about twice.
 */
export function writeTensors(session: Session, tensors: Iterable<{ name: string; data: Float32Array }>): void {
  for (const group of groupsOf(tensors, ({ data }) => data.length)) {
    session.write(Object.fromEntries(group.map(({ name, data }) => [name, data])))
    for (const { data } of group) giveBack(data)
  }
}

/** Frees the memory of an array now; it is empty afterwards, and so is all else that lies in its buffer. */
export function giveBack({ buffer }: Float32Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** Sets each of these variables to what `values` gives for it. */
export function writeVariables<Spec extends TensorSpec>(
  session: Session,
  specs: Readonly<Record<string, Spec>>,
  values: (name: string, spec: Spec) => Float32Array,
): void {
  // Asked for a group at a time: a value may be a copy out of a file.
  for (const group of groupsOf(Object.entries(specs), ([, spec]) => numbersIn(spec))) {
    session.write(Object.fromEntries(group.map(([name, spec]) => [name, values(name, spec)])))
  }
}

/** The present values of these variables, one after the other. */
export function* readVariables(
  session: Session,
  specs: Readonly<Record<string, TensorSpec>>,
): Generator<{ name: string; shape: readonly number[]; data: Float32Array }> {
  for (const group of groupsOf(Object.entries(specs), ([, spec]) => numbersIn(spec))) {
    const values = session.read(group.map(([name]) => name))
    for (const [name, { shape }] of group) yield { name, shape, data: values[name] as Float32Array }
  }
}

/** Bytes of the largest group in which these variables are read or written. */
export function largestGroupBytes(specs: Readonly<Record<string, TensorSpec>>): number {
  const groups = groupsOf(Object.values(specs), numbersIn)
  return Math.max(0, ...Array.from(groups, (group) => 4 * group.reduce((sum, spec) => sum + numbersIn(spec), 0)))
}
