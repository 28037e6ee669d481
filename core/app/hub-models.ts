import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { downloadModel, hubFetch } from '../checkpoint/hub/download.ts'
import { hubEndpoint, parseHubName, readHubModel } from '../checkpoint/hub/repository.ts'
import type { Model } from '../contract/domain.ts'
import type { Cancellations } from './cancellations.ts'
import type { Context } from './context.ts'
import { removeFolder, requireRoom } from './folders.ts'
import { takeIn } from './model-folders.ts'

export interface HubWish {
  /** "ORG/NAME" or "ORG/NAME@REVISION". */
  readonly model: string
  readonly name: string | undefined
  /** What its progress is told under, and by which it is cancelled. */
  readonly task: string
}

/**
 * Downloads a model and registers it. A download that was cancelled or broke off goes on when the same is asked for again.
 * Throws AttuneError: bad_request, not_found, unauthorized, unreachable, unsupported, bad_file, disk_full, stopped.
 */
export async function addFromHub(context: Context, wish: HubWish, cancellations: Cancellations): Promise<Model> {
  const { folders, bus } = context
  const source = { endpoint: hubEndpoint(), ...parseHubName(wish.model) }
  const abort = new AbortController()
  const forget = cancellations.add(wish.task, () => abort.abort())
  const onProgress = bus.progress(wish.task, `Downloading ${source.repo}`)
  try {
    const options = { token: process.env.HF_TOKEN || undefined, signal: abort.signal, onProgress }
    const fetched = hubFetch(source, options)
    const found = await readHubModel(source, fetched)
    const key = createHash('sha256').update(`${source.endpoint} ${source.repo} ${found.commit}`).digest('hex')
    const dir = join(folders.home, 'downloads', key.slice(0, 32))
    const bytes = found.files.reduce((sum, file) => sum + file.bytes, 0)
    await requireRoom(folders.home, bytes, 'The model')
    await downloadModel(source, found, dir, fetched, options)
    const model = await takeIn(context, {
      dir,
      name: wish.name ?? source.repo,
      source: `hub:${source.repo}@${found.commit.slice(0, 12)}`,
      licence: undefined,
      starter: null,
      isOurs: true,
      task: wish.task,
    })
    await removeFolder(dir)
    return model
  } finally {
    forget()
  }
}
