import { constants } from 'node:fs'
import { copyFile, link, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AttuneError } from '../contract/errors.ts'
import { codeOf } from '../util/files.ts'
import { modelFile } from './companions.ts'
import { saveCheckpoint, verifyCheckpoint } from './save.ts'
import { indexFile } from './shard-index.ts'
import { evaluationFile, optimizerFile } from './training-state.ts'
import { weightFiles, weightsFile } from './weights.ts'

/** Where hard links cannot be had: another file system, one without them, or a file with too many. */
const noLinks = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'])

/**
 * Gives a checkpoint a second place, `to`, that stays whole when the first one is removed: its files are never written
 * again once they are there, so hard links do, which take no room. Without `optimizer`, the optimizer's state is left
 * behind. Throws AttuneError: not_found, bad_file (no whole checkpoint), disk_full.
 */
export async function linkCheckpoint(
  from: string,
  to: string,
  { optimizer }: { readonly optimizer: boolean },
): Promise<{ bytes: number }> {
  const { files } = await verifyCheckpoint(from)
  const names = files
    .map(({ name }) => name)
    .filter((name) => !name.includes('/') && name !== evaluationFile && (optimizer || name !== optimizerFile))
  return saveCheckpoint(to, async (dir) => {
    for (const name of names) await linkOrCopy(join(from, name), join(dir, name))
  })
}

/** A model that is as it was, as a checkpoint: its files are not written again either. */
export async function linkModel(from: string, to: string): Promise<void> {
  const weights = weightFiles(from)
  const names = (await readdir(from)).filter((name) => modelFile.test(name) && name !== 'README.md')
  const index = weights.includes(weightsFile) ? [] : [indexFile]
  for (const name of [...names, ...weights, ...index]) await linkOrCopy(join(from, name), join(to, name))
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') {
      throw new AttuneError('not_found', `${from} was removed a moment ago. Choose another checkpoint.`)
    }
    if (!noLinks.has(codeOf(thrown))) throw thrown
    await copyFile(from, to, constants.COPYFILE_FICLONE)
  }
}
