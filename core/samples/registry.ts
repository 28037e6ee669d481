import type { MadeSample } from './sample.ts'
import { dialledNumbers, toneWords } from './sounds.ts'
import { tableScenes } from './table-scenes.ts'
import { cartPoleEpisodes, gridWorldEpisodes, ticTacToeEpisodes } from './trajectories.ts'

/** Every constructed sample: one file and one entry each. */
export const madeSamples: readonly MadeSample[] = [
  ...[gridWorldEpisodes, cartPoleEpisodes, ticTacToeEpisodes, tableScenes],
  ...[toneWords, dialledNumbers],
]
