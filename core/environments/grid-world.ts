import { uniform } from '../util/random.ts'
import type { Environment } from './environment.ts'

/**
 * Four rooms joined by doors, after Sutton, Precup and Singh 1999: from one cell to another, a step at a time. Reaching
 * the goal brings 1, each step costs 0.02; running into a wall leaves one where one is.
 */

const plan = [
  '#########',
  '#...#...#',
  '#.......#',
  '#...#...#',
  '##.###.##',
  '#...#...#',
  '#.......#',
  '#...#...#',
  '#########',
]
const width = 9
const cells = plan.join('')
/** Cells that one can stand on, by their place in the plan. */
const open = Array.from(cells, (_, at) => at).filter((at) => cells[at] === '.')
/** Up, right, down, left. */
const moves = [-width, 1, width, -1]
const stepCost = 0.02

interface GridState {
  readonly at: number
  readonly goal: number
}

export const gridWorld: Environment<GridState> = {
  name: 'grid-world',
  title: 'Grid world: four rooms',
  stateSize: 2 * open.length,
  actions: { kind: 'choice', count: 4, names: ['up', 'right', 'down', 'left'] },
  mostSteps: 40,
  begin(seed) {
    const at = open[Math.floor(uniform(seed, 1) * open.length)] as number
    const others = open.filter((cell) => cell !== at)
    return { at, goal: others[Math.floor(uniform(seed, 2) * others.length)] as number }
  },
  /** Where one is and where the goal is, one-hot each. */
  observe: ({ at, goal }) => [...open.map((cell) => Number(cell === at)), ...open.map((cell) => Number(cell === goal))],
  step({ at, goal }, action) {
    const next = moved(at, action as number)
    const done = next === goal
    return { state: { at: next, goal }, reward: (done ? 1 : 0) - stepCost, done }
  },
  expert: ({ at, goal }) => {
    const distance = distancesTo(goal)
    const far = moves.map((_, action) => distance.get(moved(at, action)) as number)
    return far.indexOf(Math.min(...far))
  },
  frame: ({ at }) => [at % width, Math.floor(at / width)],
  scene: ({ goal }) => ({ width, plan, goal: [goal % width, Math.floor(goal / width)] }),
}

function moved(at: number, action: number): number {
  const next = at + (moves[action] as number)
  return cells[next] === '.' ? next : at
}

const known = new Map<number, Map<number, number>>()

/** Steps to a cell from each, breadth first. */
function distancesTo(goal: number): Map<number, number> {
  const remembered = known.get(goal)
  if (remembered) return remembered
  const distance = new Map([[goal, 0]])
  const waiting = [goal]
  for (const cell of waiting) {
    for (const action of moves.keys()) {
      const next = moved(cell, action)
      if (distance.has(next)) continue
      distance.set(next, (distance.get(cell) as number) + 1)
      waiting.push(next)
    }
  }
  known.set(goal, distance)
  return distance
}
