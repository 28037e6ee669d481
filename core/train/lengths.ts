import { chooseBuckets, type TokenRows } from '../data/batches.ts'
import type { PreparedData } from '../tasks/task.ts'
import type { ProgramLengths } from './programs.ts'

/**
 * The padded lengths of a run's programs. Where `data` is a sample, `longest` is the length of a text that may be outside
 * of it.
 */
export function programLengths(data: PreparedData, maxLength: number, longest = 0): ProgramLengths {
  const buckets = ({ ids }: TokenRows) => {
    const lengths = ids.map((sequence) => sequence.length)
    return chooseBuckets(longest > 0 ? [...lengths, longest] : lengths, maxLength)
  }
  return { train: buckets(data.train), evaluate: buckets(data.validation) }
}
