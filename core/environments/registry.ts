import { cartPole } from './cart-pole.ts'
import type { Environment } from './environment.ts'
import { gridWorld } from './grid-world.ts'
import { ticTacToe } from './tic-tac-toe.ts'

const environments = [gridWorld, cartPole, ticTacToe] as unknown as readonly Environment[]

export const environmentNames: readonly string[] = environments.map(({ name }) => name)

export function environmentNamed(name: string): Environment | undefined {
  return environments.find((environment) => environment.name === name)
}
