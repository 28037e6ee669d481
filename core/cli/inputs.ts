import { dirname, join, resolve } from 'node:path'
import { findInputs } from '../app/input-files.ts'
import type { InputRecord, InputTable } from '../app/input-tables.ts'
import type { Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { mediaOf, readBeside, readsFilesAlone } from '../contract/roles.ts'
import type { TaskName } from '../contract/settings.ts'
import { nearest } from '../util/nearest.ts'
import { quoted } from '../util/quoted.ts'
import type { Ground } from './ground.ts'
import { readTable, textsOf } from './input-texts.ts'

export interface InputOptions {
  readonly input?: readonly string[]
  readonly text?: readonly string[]
  readonly column?: string
  readonly field?: readonly string[]
}

/** Inputs as the contract takes them, columns of equal length. */
export interface Inputs {
  readonly texts: readonly string[]
  readonly fields?: readonly Record<string, string>[] | undefined
  /** Handles of the files that they are about, and what these are called. */
  readonly files?: readonly string[] | undefined
  readonly names?: readonly string[] | undefined
}

/** What a run is asked about, as options and files say it. Throws AttuneError where it is not all that the run reads. */
export async function readInputs(ground: Ground, run: Run, options: InputOptions): Promise<Inputs> {
  return mediaOf(run.config.task) === null ? readWritten(ground, run, options) : readFiles(ground, run, options)
}

/** Pictures or clips, each with the rest of what is given. */
async function readFiles(ground: Ground, { config: { task } }: Run, options: InputOptions): Promise<Inputs> {
  const { input = [], text = [], column } = options
  const alone = readsFilesAlone(task)
  if (input.length === 0 || (alone && text.length > 0)) {
    const what = mediaOf(task) === 'image' ? 'pictures' : 'clips'
    throw new AttuneError(
      'bad_request',
      `A run for ${task} reads ${what}: give --input with files, a folder or a table.`,
    )
  }
  if (text.length > 1)
    throw new AttuneError('bad_request', 'One --text is asked of every picture; a table has one each.')
  const parts = { ...Object.fromEntries(givenFields(task, options)), ...(text[0] !== undefined && { text: text[0] }) }
  const given = { parts, columns: column === undefined ? {} : { text: column } }
  const found = []
  for (const one of input) {
    const { inputs, isFolder, leftOut } = await findInputs(task, resolve(ground.io.cwd, one), given)
    // Of several paths, each file is called as seen from here.
    const under = input.length === 1 ? '' : isFolder ? one : dirname(one)
    for (const each of inputs) found.push({ ...each, fileName: join(under, each.fileName) })
    if (leftOut > 0) ground.output.note(`${leftOut} files in ${one} are of another kind and left out.`)
  }
  const names = found.map(({ fileName }) => fileName)
  const texts = found.map(({ fileName, parts: { text: asked } }) => (alone ? fileName : (asked ?? '')))
  return {
    texts,
    ...(!alone && { names, fields: found.map(({ parts: { text: _, ...fields } }) => fields) }),
    files: found.map(({ path, fileName }) => ground.host.app.files.register(path, fileName)),
  }
}

/** Texts, with what the run reads beside each. */
async function readWritten({ io }: Ground, { config: { task } }: Run, options: InputOptions): Promise<Inputs> {
  const { input = [], text = [], column } = options
  if (input.length === 0 && text.length === 0) {
    throw new AttuneError('bad_request', 'There is nothing to predict: give --input FILE or --text "…".')
  }
  const given = givenFields(task, options)
  const tables: InputTable[] = []
  for (const file of input) tables.push(await readTable(file, io))
  const texts = [...text, ...tables.flatMap((table) => textsOf(table, column))]
  const fields = [
    ...text.map(() => partsOf(task, given, null)),
    ...tables.flatMap((table) => table.records.map((record) => partsOf(task, given, { table, record }))),
  ]
  return { texts, ...(readBeside(task).length > 0 && { fields }) }
}

/** What is said once for all inputs, by role. Throws AttuneError bad_request where the run reads no such thing. */
function givenFields(task: TaskName, { field = [] }: InputOptions): Map<string, string> {
  const known = readBeside(task).flatMap(({ name, file }) => (file === undefined ? [name] : []))
  const parts = field.map((one): [string, string] => {
    const end = one.indexOf('=')
    const name = end < 0 ? one : one.slice(0, end)
    if (known.includes(name) && end > 0) return [name, one.slice(end + 1)]
    if (known.includes(name)) throw new AttuneError('bad_request', `--field ${name} says nothing: write ${name}="…".`)
    const near = nearest(name, known)
    const reads = known.length === 0 ? 'nothing' : quoted(known)
    const message = `A run for ${task} reads no "${name}": ${near ? `did you mean "${near}"? B` : 'b'}eside each input it reads ${reads}.`
    throw new AttuneError('bad_request', message)
  })
  return new Map(parts)
}

/** What the run reads beside one text: said once for all, or in its record. Throws AttuneError where that is not there. */
function partsOf(
  task: TaskName,
  given: ReadonlyMap<string, string>,
  from: { readonly table: InputTable; readonly record: InputRecord } | null,
): Record<string, string> {
  const parts = readBeside(task).flatMap(({ name, optional }) => {
    const value = given.get(name) ?? from?.record.cells.get(name) ?? ''
    if (value.trim() !== '') return [[name, value]]
    if (optional) return []
    const { name: file, columns } = from?.table ?? { name: '', columns: null }
    if (columns?.includes(name)) {
      throw new AttuneError('bad_data', `${file}, line ${from?.record.line}: The ${name} is empty.`)
    }
    const lacking = columns === null ? '' : ` ${file} has no such column; it has ${quoted(columns)}.`
    const message = `A run for ${task} reads a ${name} beside each text: give --field ${name}="…".${lacking}`
    throw new AttuneError('bad_request', message)
  })
  return Object.fromEntries(parts)
}
