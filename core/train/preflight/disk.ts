import { mkdir, statfs } from 'node:fs/promises'
import type { DiskForecast } from '../../contract/preflight.ts'
import { neededFor } from '../free-space.ts'
import { checkpointBytes } from '../session-state.ts'
import type { Course } from './course.ts'
import type { Setup } from './setup.ts'

/**
 * The most that a run's checkpoints take: those that it keeps, and what has to be free when the next one is written.
 * `timed` are checkpoints that are only written because so much time has passed.
 */
export async function diskForecast(
  { model, trainable, spec: { config, runsDir } }: Setup,
  { evaluations, saves }: Course,
  timed: number,
): Promise<DiskForecast> {
  const bytes = checkpointBytes(model, trainable, config)
  const written = evaluations + saves + timed
  const kept = Math.min(written - 1, config.save_total_limit + 1) * bytes
  const { save_total_megabytes: budget } = config
  const keptBytes = budget === undefined ? kept : Math.min(kept, Math.max(budget * 1e6, 2 * bytes))
  await mkdir(runsDir, { recursive: true })
  const { bavail, bsize } = await statfs(runsDir)
  return { checkpointBytes: bytes, neededBytes: keptBytes + neededFor(bytes), freeBytes: bavail * bsize }
}
