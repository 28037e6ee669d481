import { basename, extname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Dataset, DatasetRow, Source } from '../contract/domain.ts'
import type { Handlers, ParsedInput } from '../contract/methods.ts'
import type { TaskName } from '../contract/settings.ts'
import { rowEncoding } from '../data/chat/row-encoding.ts'
import { importDataset as importFile, previewFile } from '../data/import.ts'
import { showMedia } from '../data/media/show.ts'
import { openRowStore } from '../data/row-store.ts'
import { tokenPreview } from '../data/token-preview.ts'
import { loadTokenizer } from '../data/tokenizers/tokenizer.ts'
import type { Context } from './context.ts'
import { requireDataset, requireModel } from './find.ts'
import { removeFolder } from './folders.ts'
import { newId } from './ids.ts'
import { uniqueName } from './names.ts'
import { sampleFile } from './shipped.ts'
import { discard, restore } from './trash.ts'

type DatasetMethods = Extract<keyof Handlers, `datasets.${string}`>

/** Rows looked through between two pauses, in which the process answers others. */
const rowsPerSlice = 2000

export function datasetHandlers(context: Context): Pick<Handlers, DatasetMethods> {
  const { store, folders, bus } = context
  const changed = () => bus.emit({ type: 'datasets' })
  const dirOf = (id: string) => folders.of('datasets', id)

  return {
    'datasets.preview': async ({ source, encoding, delimiter }) => {
      const { path, fileName } = await findSource(context, source)
      return previewFile(path, fileName, { encoding, delimiter })
    },
    'datasets.import': async (input) => ({ dataset: await importDataset(context, input) }),
    'datasets.list': () => ({ datasets: store.datasets.list() }),
    'datasets.get': ({ id }) => ({ dataset: requireDataset(store, id) }),
    'datasets.rows': async ({ id, ...asked }) => {
      requireDataset(store, id)
      return findRows(dirOf(id), asked)
    },
    'datasets.media': async ({ id, row, as }) => {
      const { name } = requireDataset(store, id)
      const rows = openRowStore(dirOf(id))
      try {
        return await showMedia(rows.media(row), as, `The file of row ${row} of "${name}"`)
      } finally {
        rows.close()
      }
    },
    'datasets.tokens': async ({ id, model, maxLength, limit }) => {
      const { task } = requireDataset(store, id)
      requireModel(store, model)
      const tokenizer = await loadTokenizer(folders.of('models', model))
      const rows = openRowStore(dirOf(id))
      try {
        const encode = rowEncoding(task, tokenizer, folders.of('models', model))
        return { ...tokenPreview(rows, tokenizer, encode, maxLength, limit), model }
      } finally {
        rows.close()
      }
    },
    'datasets.rename': ({ id, name }) => {
      requireDataset(store, id)
      store.datasets.rename(id, name)
      changed()
      return { dataset: requireDataset(store, id) }
    },
    'datasets.delete': async ({ id }) => {
      const { bytes } = requireDataset(store, id)
      const freed = await discard(context, 'datasets', id)
      changed()
      return { bytes: freed ? bytes : 0 }
    },
    'datasets.restore': async ({ id }) => {
      await restore(context, 'datasets', id)
      changed()
      return { dataset: requireDataset(store, id) }
    },
  }
}

/** The folder appears whole or not at all; the record comes last. */
async function importDataset(context: Context, input: ParsedInput<'datasets.import'>): Promise<Dataset> {
  const { store, folders, bus, clock } = context
  const { source, encoding, delimiter, onBadRows } = input
  const { path, fileName, title, licence, task } = await findSource(context, source)
  const id = newId()
  const dir = folders.of('datasets', id)
  const progress = bus.progress(source.kind === 'file' ? source.handle : source.name, `Reading ${fileName}`)
  const options = { mapping: input.mapping, encoding, delimiter, onBadRows }
  const suggested = async () => (await previewFile(path, fileName, { encoding, delimiter })).suggested
  const aim = input.task ?? task ?? (await suggested()) ?? 'text-classification'
  const found = await importFile(aim, path, fileName, options, dir, progress)
  try {
    const taken = new Set(store.datasets.list().map(({ name }) => name))
    const dataset: Dataset = {
      ...found,
      id,
      name: uniqueName(input.name ?? title ?? basename(fileName, extname(fileName)), taken),
      createdAt: clock.now(),
      ...(licence !== undefined && { licence }),
    }
    store.datasets.add(dataset)
    bus.emit({ type: 'datasets' })
    return dataset
  } catch (error) {
    await removeFolder(dir)
    throw error
  }
}

interface FoundSource {
  readonly path: string
  readonly fileName: string
  readonly title?: string
  readonly licence?: string
  readonly task?: TaskName
}

async function findSource({ files, folders }: Context, source: Source): Promise<FoundSource> {
  if (source.kind === 'file') return files.resolve(source.handle)
  const { dir, title, licence, file, task } = await sampleFile(folders.cache, source.name)
  return { path: join(dir, file), fileName: file, title, licence, task }
}

interface AskedRows {
  readonly offset: number
  readonly limit: number
  readonly label?: string | undefined
  readonly search?: string | undefined
}

/** One page of the rows that have the label and contain the text (in any case), and how many there are. */
async function findRows(dir: string, { offset, limit, label, search }: AskedRows) {
  const rows = openRowStore(dir)
  try {
    if (label === undefined && !search) {
      const count = Math.max(0, Math.min(limit, rows.count - offset))
      return { total: rows.count, rows: rows.readMany(Array.from({ length: count }, (_, i) => offset + i)) }
    }
    const page: DatasetRow[] = []
    const wanted = search?.toLowerCase() ?? ''
    let total = 0
    let looked = 0
    for (const row of rows.iterate()) {
      if (++looked % rowsPerSlice === 0) await setImmediate()
      if (label !== undefined && row.label !== label) continue
      if (!row.text.toLowerCase().includes(wanted)) continue
      if (total >= offset && page.length < limit) page.push(row)
      total++
    }
    return { total, rows: page }
  } finally {
    rows.close()
  }
}
