import { uniform } from '../util/random.ts'
import type { Environment } from './environment.ts'

/**
 * A pole on a cart, kept upright by pushing the cart: Barto, Sutton and Anderson 1983, with a force of any size up to
 * 10 N. Each step (20 ms) brings 1; the episode ends when the pole leans more than 12°, the cart leaves the track (±2.4 m)
 * or after 200 steps.
 */

const gravity = 9.8
const cartMass = 1
const poleMass = 0.1
/** Half the pole, m. */
const poleLength = 0.5
const mostForce = 10
const seconds = 0.02
const mostAngle = (12 * Math.PI) / 180
const mostPlace = 2.4

interface CartState {
  /** m, m/s, rad, rad/s */
  readonly x: number
  readonly speed: number
  readonly angle: number
  readonly turn: number
}

export const cartPole: Environment<CartState> = {
  name: 'cart-pole',
  title: 'Cart and pole',
  stateSize: 4,
  actions: { kind: 'numbers', count: 1 },
  mostSteps: 200,
  begin(seed) {
    const small = (word: number) => (uniform(seed, word) - 0.5) * 0.1
    // Leaning a little, so that doing nothing does not do.
    return { x: small(1), speed: small(2), angle: small(3) * 2, turn: small(4) }
  },
  observe: ({ x, speed, angle, turn }) => [x, speed, angle, turn],
  step({ x, speed, angle, turn }, action) {
    const [push = 0] = action as readonly number[]
    const force = Math.min(1, Math.max(-1, push)) * mostForce
    const total = cartMass + poleMass
    const swing = (force + poleMass * poleLength * turn * turn * Math.sin(angle)) / total
    const fall =
      (gravity * Math.sin(angle) - Math.cos(angle) * swing) /
      (poleLength * (4 / 3 - (poleMass * Math.cos(angle) ** 2) / total))
    const drive = swing - (poleMass * poleLength * fall * Math.cos(angle)) / total
    const state = {
      x: x + seconds * speed,
      speed: speed + seconds * drive,
      angle: angle + seconds * turn,
      turn: turn + seconds * fall,
    }
    return { state, reward: 1, done: Math.abs(state.x) > mostPlace || Math.abs(state.angle) > mostAngle }
  },
  /** Linear feedback, the gains set by hand. */
  expert: ({ x, speed, angle, turn }) => [Math.min(1, Math.max(-1, 0.1 * x + 0.2 * speed + 4 * angle + 0.8 * turn))],
  frame: ({ x, angle }) => [x, angle],
  scene: () => ({ most: mostPlace }),
}
