import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sampleTrajectories } from '../../core/environments/behaviour.ts'
import { environmentNamed } from '../../core/environments/registry.ts'
import { attune, serveAttune, temporaryHome, trainRuns } from '../support/attune.ts'
import { browse } from '../support/browser.ts'
import { writeFreshModel } from '../support/fresh-model.ts'

/** Two runs that learnt a board game are compared, and an episode of one of them is played again. */
test('compare what two runs do, and play an episode again', async () => {
  const home = await temporaryHome()
  const model = join(home, 'player')
  const sizes = { hidden_size: 16, n_layer: 1, n_head: 2, n_positions: 4, max_ep_len: 8 }
  const shape = { model_type: 'decision_transformer', state_dim: 18, act_dim: 9, action_tanh: false }
  await writeFreshModel(model, { ...shape, ...sizes }, 'decision-making')
  const world = environmentNamed('tic-tac-toe') ?? expect.fail()
  const file = join(home, 'games.jsonl')
  await writeFile(
    file,
    sampleTrajectories(world, 100, 1)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
  )
  await attune(home, 'models', 'add', model, '--name', 'player')
  const imported = await attune(home, 'datasets', 'import', file, '--task', 'decision-making', '--name', 'games')
  expect(imported.code).toBe(0)
  const common = { model: 'player', dataset: 'games', max_steps: 12, context_length: 5, learning_rate: 1e-2 }
  const ids = await trainRuns(home, common, [
    { name: 'high', target_return: 1 },
    { name: 'low', target_return: -1 },
  ])

  const { page, complaints, picture, go } = await browse(await serveAttune(home))
  await page.getByRole('link', { name: 'high' }).waitFor()
  await go(`/compare?runs=${ids.join(',')}`)
  const table = page.getByRole('table', { name: 'Outputs by example' })
  await table.waitFor()
  const episode = table.getByRole('group', { name: 'Episode of high' }).first()
  await episode.scrollIntoViewIfNeeded()
  const told = episode.getByText(/^Step (\d) of \1: [abc][123], return so far/)
  await told.waitFor()
  await picture('episodes-light')
  await episode.getByRole('button', { name: 'To the beginning' }).click()
  await episode.getByText(/^Before the first of/).waitFor()
  await episode.getByRole('button', { name: 'A step on' }).click()
  await episode.getByText(/^Step 1 of/).waitFor()
  await episode.getByRole('slider', { name: 'Step' }).press('ArrowLeft')
  await episode.getByText(/^Before the first of/).waitFor()
  await episode.getByRole('button', { name: 'Play the episode' }).click()
  await told.waitFor()
  await page
    .getByText(/mean return of an episode/i)
    .first()
    .waitFor()
  expect(complaints).toEqual([])
})
