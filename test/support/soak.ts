/** `npm run test:soak` runs the same tests with the numbers of the catalogue; `npm test` with smaller ones. */
const isSoak = process.env.ATTUNE_SOAK === '1'

export const amount = (quick: number, long: number): number => (isSoak ? long : quick)
