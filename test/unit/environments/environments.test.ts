import { describe, expect, test } from 'vitest'
import { referenceReturns, sampleTrajectories } from '../../../core/environments/behaviour.ts'
import { Episode, play } from '../../../core/environments/episode.ts'
import { environmentNamed, environmentNames } from '../../../core/environments/registry.ts'

const seeds = Array.from({ length: 60 }, (_, i) => i)
const named = (name: string) => environmentNamed(name) ?? expect.fail(name)

describe.each(environmentNames)('%s', (name) => {
  const environment = named(name)

  test('is the same world for the same seed, and another for another', () => {
    const episode = (seed: number) => {
      const { states, actions, rewards, frames } = play(environment, seed, ({ anything }) => anything)
      return JSON.stringify({ states, actions, rewards, frames })
    }
    expect(episode(3)).toBe(episode(3))
    expect(new Set(seeds.map(episode)).size).toBeGreaterThan(40)
  })

  test('shows as many numbers as it says, and ends in time', () => {
    for (const seed of seeds) {
      const { states, actions, rewards, frames } = play(environment, seed, ({ anything }) => anything)
      expect(states.every(({ length }) => length === environment.stateSize)).toBe(true)
      expect(actions.length).toBeLessThanOrEqual(environment.mostSteps)
      expect([states.length, rewards.length, frames.length - 1]).toEqual(new Array(3).fill(actions.length))
    }
  })

  test('rewards the expert far above chance', () => {
    const { chance, expert } = referenceReturns(environment, seeds)
    expect(expert).toBeGreaterThan(chance + 0.6)
  })

  test('gives trajectories of mixed quality, in episodes of their own', () => {
    const samples = sampleTrajectories(environment, 40, 1)
    const returns = samples.map(({ rewards }) => rewards.reduce((a, b) => a + b, 0))
    const { chance, expert } = referenceReturns(environment, seeds)
    expect(Math.min(...returns)).toBeLessThan(chance + 0.2 * (expert - chance))
    expect(Math.max(...returns)).toBeGreaterThan(chance + 0.8 * (expert - chance))
    expect(samples).toEqual(sampleTrajectories(environment, 40, 1))
    const seen = new Set(seeds.map((seed) => JSON.stringify(new Episode(environment, seed).observation)))
    const first = samples.map(({ states }) => JSON.stringify(states[0]))
    // Boards begin alike; continuous worlds never do.
    if (name === 'cart-pole') expect(first.filter((state) => seen.has(state))).toEqual([])
  })
})

describe('the grid world', () => {
  const world = named('grid-world')
  test('lets nobody through a wall, and its expert goes the shortest way', () => {
    for (const seed of seeds) {
      const episode = play(world, seed, ({ expert }) => expert)
      const goal = episode.scene.goal as number[]
      expect(episode.frames.at(-1)).toEqual(goal)
      const plan = episode.scene.plan as string[]
      for (const [x = 0, y = 0] of episode.frames) expect(plan[y]?.[x]).toBe('.')
      const [from = [0, 0]] = episode.frames
      const direct =
        Math.abs((from[0] as number) - (goal[0] as number)) + Math.abs((from[1] as number) - (goal[1] as number))
      expect(episode.actions.length).toBeGreaterThanOrEqual(direct)
      expect(episode.return).toBeCloseTo(1 - 0.02 * episode.actions.length)
    }
  })
})

describe('tic-tac-toe', () => {
  const world = named('tic-tac-toe')
  test('whoever plays as well as can be never loses', () => {
    for (const seed of seeds) expect(play(world, seed, ({ expert }) => expert).return).toBeGreaterThanOrEqual(0)
  })

  test('only squares that are free are allowed', () => {
    for (const seed of seeds) {
      const episode = new Episode(world, seed)
      while (!episode.done) {
        const board = episode.frames.at(-1) as number[]
        expect(episode.allowed).toEqual(board.map((square) => square === 0))
        episode.act(episode.anything)
      }
    }
  })
})

describe('the cart and its pole', () => {
  const world = named('cart-pole')
  test('falls when nothing is done', () => {
    for (const seed of seeds) expect(play(world, seed, () => [0]).return).toBeLessThan(world.mostSteps)
  })

  test('moves as the equations say: the first 20 ms from rest', () => {
    const state = { x: 0, speed: 0, angle: 0, turn: 0 }
    const once = world.step(state, [1], () => 0).state as typeof state
    // 10 N on 1.1 kg, the pole hanging back: a = (10 − m·l·θ″)/1.1 with θ″ = −(10/1.1)/(0.5·(4/3 − 0.1/1.1)).
    const turn = -10 / 1.1 / (0.5 * (4 / 3 - 0.1 / 1.1))
    expect(once.turn).toBeCloseTo(0.02 * turn, 12)
    expect(once.speed).toBeCloseTo(0.02 * (10 / 1.1 - (0.05 * turn) / 1.1), 12)
    expect(once.x).toBe(0)
  })
})
