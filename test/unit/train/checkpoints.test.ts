import { appendFileSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runConfigSchema } from '../../../core/contract/settings.ts'
import { type CheckpointContent, CheckpointKeeper, type Position } from '../../../core/train/checkpoints.ts'
import { errorOf, temporaryFolder } from '../../support/temporary.ts'

const config = runConfigSchema.parse({ model: 'm', dataset: 'd', learning_rate: 1, save_total_limit: 2 })
const at = (step: number): Position => ({ step, epoch: 0, metrics: { 'eval/loss': step } })

/** Writes one small file, or fails when told to. */
function smallContent(): CheckpointContent & { fails: boolean } {
  const content = {
    fails: false,
    expectedBytes: 10,
    async write(dir: string) {
      await writeFile(join(dir, 'model.safetensors'), 'weights')
      if (content.fails) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    },
  }
  return content
}

test('C07: the best and the newest that is whole stay, whatever fails', async () => {
  const dir = await temporaryFolder()
  const content = smallContent()
  const keeper = new CheckpointKeeper(dir, content, config)
  const save = async (step: number, best = false) => keeper.save(at(step), best, null)
  const names = () => readdirSync(dir).sort()
  for (const step of [1, 2, 3]) await save(step, step === 1)
  expect(await keeper.prune()).toEqual([])

  // Saving fails: nothing goes for it.
  content.fails = true
  for (const step of [4, 5]) await errorOf('disk_full', () => save(step))
  expect(await keeper.prune()).toEqual([])
  expect(names()).toEqual(['checkpoint-1', 'checkpoint-2', 'checkpoint-3'])

  // What was written is not what is on the disk: nothing goes before a newer one is proved.
  content.fails = false
  const { path } = await save(6)
  appendFileSync(join(path, 'model.safetensors'), 'x')
  await errorOf('bad_file', () => keeper.prune())
  expect(names()).toEqual(['checkpoint-1', 'checkpoint-2', 'checkpoint-3', 'checkpoint-6'])

  await save(7)
  expect((await keeper.prune()).map((gone) => gone.slice(-1))).toEqual(['2', '3'])
  expect(names()).toEqual(['checkpoint-1', 'checkpoint-6', 'checkpoint-7'])
})
