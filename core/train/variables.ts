import type { Session, TensorSpec } from '../engine/engine.ts'

/** Numbers moved in one call: one call for many variables is quick, but all at once would double the memory. */
const chunkNumbers = 16 * 1024 * 1024

/** Variables by name, in order, in groups of bounded size. */
function* groupsOf(specs: Readonly<Record<string, TensorSpec>>): Generator<[string, TensorSpec][]> {
  let group: [string, TensorSpec][] = []
  let numbers = 0
  for (const [name, spec] of Object.entries(specs)) {
    const size = spec.shape.reduce((a, b) => a * b, 1)
    if (group.length > 0 && numbers + size > chunkNumbers) {
      yield group
      group = []
      numbers = 0
    }
    group.push([name, spec])
    numbers += size
  }
  if (group.length > 0) yield group
}

/** Sets each of these variables to what `values` gives for it. */
export function writeVariables<Spec extends TensorSpec>(
  session: Session,
  specs: Readonly<Record<string, Spec>>,
  values: (name: string, spec: Spec) => Float32Array,
): void {
  for (const group of groupsOf(specs)) {
    session.write(Object.fromEntries(group.map(([name]) => [name, values(name, specs[name] as Spec)])))
  }
}

/** The present values of these variables, one after the other. */
export function* readVariables(
  session: Session,
  specs: Readonly<Record<string, TensorSpec>>,
): Generator<{ name: string; shape: readonly number[]; data: Float32Array }> {
  for (const group of groupsOf(specs)) {
    const values = session.read(group.map(([name]) => name))
    for (const [name, { shape }] of group) yield { name, shape, data: values[name] as Float32Array }
  }
}
