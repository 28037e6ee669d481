import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RunConfigInput } from '../../core/contract/settings.ts'
import type { SessionName } from './trained-session.ts'

const script = fileURLToPath(new URL('./step-memory.ts', import.meta.url))

/** Bytes that a fresh process held at its peak, and before the session: see step-memory.ts. */
export async function stepMemory(
  name: SessionName,
  settings: Partial<RunConfigInput> = {},
): Promise<{ peak: number; before: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, name, JSON.stringify(settings)], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  })
  return JSON.parse(stdout) as { peak: number; before: number }
}
