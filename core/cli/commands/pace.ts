import { type Pace, paceShares } from '../../contract/pace.ts'
import { number, percent } from '../format.ts'
import { findRun, type Ground, showingProgress } from '../ground.ts'
import type { Answer } from '../io.ts'
import { table } from '../table.ts'

export async function showPace(ground: Ground, wanted: string): Promise<Answer> {
  const { id } = await findRun(ground, wanted)
  const { pace } = await showingProgress(ground, ground.call('runs.pace', { id }))
  const cells = table<Pace['cells'][number]>(
    [
      { title: 'ROWS', value: ({ rows }) => String(rows), right: true },
      { title: 'TOKENS A ROW', value: ({ length }) => String(length), right: true },
      { title: 'MS A STEP', value: ({ stepMs }) => number(stepMs), right: true },
    ],
    pace.cells,
  )
  const { row, token } = paceShares(pace)
  const said = `A row among many takes ${percent(row)} of one alone, a token of a long row ${percent(token)} of one of a short row.`
  return { value: { pace }, text: `${cells}\n${said}` }
}
