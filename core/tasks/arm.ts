import type { EpisodeRecord } from '../contract/episodes.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import {
  colours,
  isDone,
  type Order,
  picture,
  readOrder,
  readScene,
  type Scene,
  side,
  stateOf,
  takeStep,
} from '../environments/table.ts'
import type { Answer } from './image-text-to-text.ts'
import { promptOf } from './scene-rows.ts'

/** What came of an order. */
export interface ArmOutcome {
  readonly done: boolean
  /** An EpisodeRecord as JSON. */
  readonly record: string
}

/** Twice what the longest way takes. */
const mostSteps = 30

interface Work {
  readonly order: Order
  readonly prompt: Int32Array
  readonly scenes: Scene[]
  readonly steps: string[]
  over: boolean
}

/**
 * Carries out the orders among some questions, each from the scene of its row: the model says a step in words, the arm
 * makes it, and the model sees what has become of it. Whoever says something that cannot be done has failed. Null for a
 * question that is no order, or shows no scene that is known. `onStep` is told how many are over and may throw to stop.
 */
export function letArmWork(
  questions: readonly string[],
  scenes: readonly string[],
  tokenizer: Tokenizer,
  answer: Answer,
  onStep: (over: number) => void,
): (ArmOutcome | null)[] {
  const works = questions.map((question, i): Work | null => {
    const order = readOrder(question)
    const scene = readScene(scenes[i] ?? '')
    if (!order || !scene) return null
    return { order, prompt: promptOf(tokenizer, question), scenes: [scene], steps: [], over: isDone(scene, order) }
  })
  for (;;) {
    const open = works.filter((work): work is Work => work !== null && !work.over)
    onStep(works.length - open.length)
    if (open.length === 0) break
    const said = answer(
      open.map(({ prompt, scenes: seen }) => {
        const now = seen.at(-1) as Scene
        return { picture: picture(now), state: stateOf(now), prompt }
      }),
    )
    for (const [i, work] of open.entries()) {
      const step = said[i] as string
      const next = takeStep(work.scenes.at(-1) as Scene, step)
      work.steps.push(step)
      work.scenes.push(next ?? (work.scenes.at(-1) as Scene))
      work.over = next === null || isDone(next, work.order) || work.steps.length === mostSteps
    }
  }
  return works.map((work) => work && { done: isDone(work.scenes.at(-1) as Scene, work.order), record: recordOf(work) })
}

function recordOf({ order, scenes, steps }: Work): string {
  const names = [...new Set(steps)]
  const done = isDone(scenes.at(-1) as Scene, order)
  const record: EpisodeRecord = {
    env: 'table',
    seed: 0,
    scene: { side, colours: [...colours], order: order.words },
    frames: scenes.map(({ gripper, held, blocks }) => [
      ...gripper,
      held === null ? -1 : colours.indexOf(held),
      ...colours.flatMap((colour) => blocks[colour] ?? [-1, -1]),
    ]),
    actions: steps.map((step) => names.indexOf(step)),
    names,
    rewards: steps.map((_, i) => Number(done && i === steps.length - 1)),
    return: Number(done),
  }
  return JSON.stringify(record)
}
