import { appendFileSync } from 'node:fs'

/** Tells `npm run test:golden` how far from the reference something came out. */
export function reportDifference(architecture: string, what: string, difference: number): void {
  const file = process.env.ATTUNE_GOLDEN_REPORT
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ architecture, what, difference })}\n`)
}
