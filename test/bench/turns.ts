/**
 * Runs each side once a round, in turn: a machine that grows warm or busy does so for all of them. Resolves to each
 * side's outcomes, in the order of the sides.
 */
export async function inTurn<Outcome>(
  rounds: number,
  sides: readonly (() => Promise<Outcome>)[],
): Promise<readonly (readonly Outcome[])[]> {
  const outcomes = sides.map((): Outcome[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, side] of sides.entries()) outcomes[i]?.push(await side())
  }
  return outcomes
}
