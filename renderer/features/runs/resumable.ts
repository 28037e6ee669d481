import type { Run } from '../../../core/contract/domain.ts'

/** Whether there is something to go on from: a paused or interrupted run can also begin again, others need a checkpoint. */
export function canResume({ state, bytes }: Pick<Run, 'state' | 'bytes'>): boolean {
  if (state === 'paused' || state === 'interrupted') return true
  return (state === 'stopped' || state === 'failed') && bytes > 0
}

/** Whether there are weights that another run could begin with: bytes of a run that has begun are checkpoints'. */
export function canFork({ bytes, startedAt }: Pick<Run, 'bytes' | 'startedAt'>): boolean {
  return bytes > 0 && startedAt !== null
}

const mostSeeds = 20
const largestSeed = 2147483647

/** So many seeds after one; from 0 on again after the largest. */
export function nextSeeds(seed: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (seed + 1 + i) % (largestSeed + 1))
}

/** "1, 2 3" → [1, 2, 3], each once; null for what are no seeds, or too many. */
export function readSeeds(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter(Boolean)
  const seeds = [...new Set(parts.map(Number))]
  const fine = parts.every((part) => /^\d+$/.test(part)) && seeds.every((seed) => seed <= largestSeed)
  return fine && seeds.length > 0 && seeds.length <= mostSeeds ? seeds : null
}
