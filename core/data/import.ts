import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ColumnMapping, Dataset, PartialMapping, RowProblem } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { hasClasses, taskRoles } from '../contract/roles.ts'
import type { TaskName } from '../contract/settings.ts'
import { codeOf, partialPath } from '../util/files.ts'
import { nearest } from '../util/nearest.ts'
import { readMediaFile } from './media/media-file.ts'
import { previewFile } from './preview.ts'
import { openTable, type Table } from './readers/table.ts'
import { rowProblem } from './row-problem.ts'
import { type RowStoreInfo, type SourceRow, writeRowStore } from './row-store.ts'
import { tidyRow } from './tidy-row.ts'

export { previewFile } from './preview.ts'

export interface ImportOptions {
  /** Columns that are not given are guessed; an empty name leaves an optional part out. */
  readonly mapping?: PartialMapping | undefined
  readonly encoding?: string | undefined
  readonly delimiter?: string | undefined
  /** `stop`: the first row that cannot be used ends the import. `skip`: it is counted and left out. */
  readonly onBadRows: 'stop' | 'skip'
  readonly signal?: AbortSignal | undefined
}

/** Everything the Dataset record says but its id, name and date. */
export type ImportResult = Omit<Dataset, 'id' | 'name' | 'createdAt' | 'licence'>

const leastRows = 10
const mostLabels = 1000
const problemsKept = 100

/**
 * Reads a file into a row store at `destinationDir`, which appears whole or not at all. Rows without a part that the
 * task takes are problems; labels are trimmed. `onProgress` is told bytes read and in all. Throws AttuneError:
 * bad_data (columns, labels or rows do not make a dataset), bad_file, bad_request, not_found, unsupported (see
 * openTable), conflict (the destination exists), disk_full, stopped (`signal`).
 */
export async function importDataset(
  task: TaskName,
  path: string,
  fileName: string,
  options: ImportOptions,
  destinationDir: string,
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): Promise<ImportResult> {
  const { encoding, delimiter, signal } = options
  const mapping = await decideMapping(task, path, fileName, options)
  let total = 0
  const onBytes = (bytes: number) => onProgress(bytes, total)
  const table = await openTable(path, fileName, { encoding, delimiter, signal, onBytes })
  total = table.bytes
  const problems = new Problems(fileName, options.onBadRows)

  const temporary = partialPath(destinationDir)
  try {
    await mkdir(dirname(destinationDir), { recursive: true })
    const rows = withFiles(task, table, usableRows(task, table, mapping, problems), problems)
    const info = await writeRowStore(temporary, rows)
    checkUsable(task, info, fileName, mapping, problems)
    await rename(temporary, destinationDir)
    return {
      task,
      format: table.format,
      fileName,
      contentHash: info.contentHash,
      rows: info.count,
      labels: hasClasses(task) ? info.labels : [],
      mapping,
      problems: problems.first,
      problemCount: problems.count,
      duplicateCount: info.duplicateCount,
      bytes: info.bytes,
    }
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true })
    throw named(thrown, destinationDir)
  }
}

/** The given columns, the others guessed from the first rows. */
async function decideMapping(
  task: TaskName,
  path: string,
  fileName: string,
  options: ImportOptions,
): Promise<ColumnMapping> {
  const { columns, guesses } = await previewFile(path, fileName, options)
  const names = columns.map(({ name }) => name)
  const given = options.mapping ?? {}
  const roles = taskRoles[task]
  for (const [role, name] of Object.entries(given)) {
    if (!roles.some((known) => known.name === role)) {
      const message = `A row for ${task} has no ${role}: it has ${roles.map((known) => known.name).join(', ')}.`
      throw new AttuneError('bad_request', message, { role })
    }
    if (names.includes(name) || (name === '' && roles.some((known) => known.name === role && known.optional))) continue
    const near = nearest(name, names)
    const message = `${fileName} has no column "${name}" for the ${role}${near === null ? '' : `; did you mean "${near}"?`}. It has ${list(names)}.`
    throw new AttuneError('bad_data', message, { columns: names })
  }
  const mapping = Object.fromEntries(
    roles.flatMap(({ name }) => {
      const column = given[name] ?? guesses[task][name]
      return column === undefined || column === '' ? [] : [[name, column]]
    }),
  )
  const missing = roles.find(({ name, optional }) => !optional && mapping[name] === undefined)
  if (missing) {
    const message = `Which column of ${fileName} is the ${missing.name} cannot be told: it has ${list(names)}. Choose it.`
    throw new AttuneError('bad_data', message, { columns: names })
  }
  const taken = new Map<string, string>()
  for (const [role, column] of Object.entries(mapping)) {
    const other = taken.get(column)
    if (other !== undefined) {
      const message = `The column "${column}" cannot be both the ${other} and the ${role}.`
      throw new AttuneError('bad_data', message, { columns: names })
    }
    taken.set(column, role)
  }
  return mapping as ColumnMapping
}

async function* usableRows(
  task: TaskName,
  table: Table,
  mapping: ColumnMapping,
  problems: Problems,
): AsyncGenerator<SourceRow> {
  const dispensable = new Set(taskRoles[task].filter(({ optional }) => optional).map(({ name }) => name))
  const labels = new Set<string>()
  const roles = Object.entries(mapping) as [string, string][]
  for await (const item of table.items) {
    if ('problem' in item) {
      problems.add(item.line, item.problem)
      continue
    }
    const cells = roles
      .map(([role, column]) => [role, item.cells.get(column) ?? ''] as const)
      .filter(([role, cell]) => !(dispensable.has(role) && cell.trim() === ''))
    const empty = cells.find(([, cell]) => cell.trim() === '')
    if (empty) {
      problems.add(item.line, `The ${empty[0]} (column "${mapping[empty[0]]}") is empty.`)
      continue
    }
    const { text: cell = '', label = '', ...rest } = Object.fromEntries(cells)
    const tidy = tidyRow(task, { text: cell, fields: rest })
    const problem = typeof tidy === 'string' ? tidy : rowProblem(task, tidy)
    if (typeof tidy === 'string' || problem !== null) {
      problems.add(item.line, `${problem}.`)
      continue
    }
    const { text, fields = {}, counted } = tidy
    for (const one of counted ?? [label.trim()]) labels.add(one)
    if (labels.size > mostLabels) {
      const message = `The column "${mapping.label ?? mapping.tags}" has more than ${mostLabels} different values by line ${item.line}: it does not look like a label. Choose another.`
      throw new AttuneError('bad_data', message)
    }
    const parts = { ...(Object.keys(fields).length > 0 && { fields }), ...(counted && { counted }) }
    yield { line: item.line, text, label: label.trim(), ...parts }
  }
}

/** The rows with the files that they name, where they are about files; a file that cannot be used is the row's problem. */
async function* withFiles(
  task: TaskName,
  { base }: Table,
  rows: AsyncIterable<SourceRow>,
  problems: Problems,
): AsyncGenerator<SourceRow> {
  const role = taskRoles[task].find(({ file }) => file !== undefined)
  for await (const row of rows) {
    if (role?.file === undefined) {
      yield row
      continue
    }
    const name = (role.name === 'text' ? row.text : row.fields?.[role.name]) ?? ''
    const media = await readMediaFile(role.file, base, name).catch((thrown: unknown) => {
      if (!(thrown instanceof AttuneError) || !rowFaults.includes(thrown.code)) throw thrown
      problems.add(row.line, thrown.message)
      return null
    })
    if (media !== null) yield { ...row, media }
  }
}

const rowFaults: readonly string[] = ['not_found', 'bad_file', 'unsupported']

function checkUsable(
  task: TaskName,
  info: RowStoreInfo,
  fileName: string,
  mapping: ColumnMapping,
  problems: Problems,
): void {
  const skipped = problems.count === 0 ? '' : ` (${problems.count} could not be used: ${problems.firstAsText()})`
  if (info.count < leastRows) {
    const message = `${fileName} has ${info.count === 0 ? 'no usable rows' : `only ${info.count} usable rows`}${skipped}; at least ${leastRows} are needed.`
    throw new AttuneError('bad_data', message, { rows: info.count, problems: problems.first })
  }
  if (hasClasses(task) && info.labels.length < 2) {
    const message = `Every row of ${fileName} has the same label, "${info.labels[0]?.label}" (column "${mapping.label ?? mapping.tags}"): there is nothing to tell apart.`
    throw new AttuneError('bad_data', message, { labels: info.labels })
  }
}

/** Rows that could not be used: all counted, the first of them kept. */
class Problems {
  readonly first: RowProblem[] = []
  count = 0
  private readonly fileName: string
  private readonly onBadRows: 'stop' | 'skip'

  constructor(fileName: string, onBadRows: 'stop' | 'skip') {
    this.fileName = fileName
    this.onBadRows = onBadRows
  }

  add(line: number, message: string): void {
    if (this.onBadRows === 'stop') {
      throw new AttuneError('bad_data', `${this.fileName}, line ${line}: ${message}`, { line })
    }
    this.count++
    if (this.first.length < problemsKept) this.first.push({ line, message })
  }

  firstAsText(): string {
    const [first] = this.first
    return first ? `line ${first.line}: ${first.message.replace(/\.$/, '')}` : ''
  }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => `"${name}"`)
  return names.length === 0 ? 'no columns' : `${shown.join(', ')}${names.length > 20 ? ', …' : ''}`
}

function named(thrown: unknown, destination: string): unknown {
  const code = codeOf(thrown)
  const options = { cause: thrown }
  if (thrown instanceof AttuneError) return thrown
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AttuneError('disk_full', 'The disk is full: the dataset could not be stored.', { code }, options)
  }
  if (code === 'ENOTEMPTY' || code === 'EEXIST') {
    return new AttuneError('conflict', `${destination} is there already.`, { code }, options)
  }
  return thrown
}
