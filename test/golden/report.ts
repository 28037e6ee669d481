import { appendFileSync } from 'node:fs'

/**
 * Notes how far we are from a reference, for the list that `npm run test:golden` prints: one JSON line in the file that
 * ATTUNE_GOLDEN_REPORT names; nothing where it is not set.
 */
export function reportDifference(architecture: string, what: string, value: number): void {
  const file = process.env.ATTUNE_GOLDEN_REPORT
  if (file) appendFileSync(file, `${JSON.stringify({ architecture, what, value })}\n`)
}
