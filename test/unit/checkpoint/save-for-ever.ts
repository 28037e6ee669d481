import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { saveCheckpoint } from '../../../core/checkpoint/save.ts'

/**
 * A process that saves checkpoints until it is killed: new ones, and every third time over one that is there. Says
 * when the first is whole.
 */
const [parent] = process.argv.slice(2) as [string]
for (let i = 0; ; i++) {
  const name = `checkpoint-${i % 3 === 2 ? i - 1 : i}`
  await saveCheckpoint(join(parent, name), async (dir) => {
    await writeFile(join(dir, 'model.safetensors'), `v${i} ${'weights'.repeat(20_000)}`)
    await writeFile(join(dir, 'config.json'), `v${i} config`)
    await mkdir(join(dir, 'more'))
    await writeFile(join(dir, 'more', 'notes.txt'), `v${i} notes`)
  })
  if (i === 0) process.send?.('saved')
}
