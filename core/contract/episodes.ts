import { z } from 'zod'

/** An episode as it is shown and played again: the answer of a run for decisions to a row, as JSON. */
export const episodeSchema = z.object({
  env: z.string(),
  seed: z.number(),
  /** What stays the same: walls and a goal, say. See the environment. */
  scene: z.record(z.string(), z.unknown()),
  /** What the picture of each state is drawn from, one more than there are actions. */
  frames: z.array(z.array(z.number())),
  actions: z.array(z.union([z.number(), z.array(z.number())])),
  /** Of the choices, in their order; empty where actions are numbers. */
  names: z.array(z.string()),
  rewards: z.array(z.number()),
  return: z.number(),
})
export type EpisodeRecord = z.infer<typeof episodeSchema>

/** Null where a text is none. */
export function readEpisode(answer: string): EpisodeRecord | null {
  try {
    return episodeSchema.parse(JSON.parse(answer))
  } catch {
    return null
  }
}

const sceneAnswerSchema = z.object({ text: z.string(), episode: episodeSchema })

/** The answer to a question about a picture: what was written, and what the arm did where it was an order. */
export function readSceneAnswer(answer: string): { readonly text: string; readonly episode: EpisodeRecord | null } {
  try {
    return sceneAnswerSchema.parse(JSON.parse(answer))
  } catch {
    return { text: answer, episode: null }
  }
}
