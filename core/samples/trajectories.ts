import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sampleTrajectories } from '../environments/behaviour.ts'
import { environmentNamed } from '../environments/registry.ts'
import type { MadeSample } from './sample.ts'

/** Episodes of mixed quality: a quarter as the expert plays, a quarter by chance, the rest in between. */
function trajectories(env: string, title: string, count: number): MadeSample {
  const fileName = `${env}.jsonl`
  return {
    name: env,
    title,
    description: `${count} constructed episodes of policies between an expert's and chance.`,
    task: 'decision-making',
    version: 1,
    async make(dir) {
      const environment = environmentNamed(env)
      if (!environment) throw new Error(`there is no environment ${env}`)
      const rows = sampleTrajectories(environment, count, 1)
      await writeFile(join(dir, fileName), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
      return fileName
    },
  }
}

export const gridWorldEpisodes = trajectories('grid-world', 'Grid world: ways through four rooms', 1500)
export const cartPoleEpisodes = trajectories('cart-pole', 'Cart and pole: pushes that keep it upright', 200)
export const ticTacToeEpisodes = trajectories('tic-tac-toe', 'Tic-tac-toe: games against half a master', 2000)
