import { streamSafetensors } from '../checkpoint/safetensors.ts'
import type { Session, TensorSpec } from '../engine/engine.ts'
import { readVariables } from '../engine/variables.ts'

/** Writes a session's present variables as F32 tensors under their names, a group at a time. Returns the file's size. */
export function writeVariablesTo(
  path: string,
  session: Session,
  specs: Readonly<Record<string, TensorSpec>>,
): Promise<number> {
  const sorted = Object.entries(specs).sort(([a], [b]) => (a < b ? -1 : 1))
  const described = sorted.map(([name, { shape }]) => ({ name, shape }))
  return streamSafetensors(path, described, readVariables(session, Object.fromEntries(sorted)))
}
