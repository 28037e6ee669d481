import { resolve } from 'node:path'
import { findInputs } from '../app/input-files.ts'
import type { Run } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { mediaOf, type RoleInfo, readBeside, readsFilesAlone } from '../contract/roles.ts'
import type { Ground } from './ground.ts'
import { readTexts } from './input-texts.ts'

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
  const parts = { ...Object.fromEntries(givenFields(options)), ...(text[0] !== undefined && { text: text[0] }) }
  const given = { parts, columns: column === undefined ? {} : { text: column } }
  const found = []
  for (const one of input) {
    const { inputs, leftOut } = await findInputs(task, resolve(ground.io.cwd, one), given)
    found.push(...inputs)
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
async function readWritten(ground: Ground, run: Run, options: InputOptions): Promise<Inputs> {
  const { input = [], text = [], column } = options
  if (input.length === 0 && text.length === 0) {
    throw new AttuneError('bad_request', 'There is nothing to predict: give --input FILE or --text "…".')
  }
  const texts = [...text]
  for (const file of input) texts.push(...(await readTexts(file, column, ground.io)))
  return { texts, fields: await fieldsOf(run, texts.length, ground, options) }
}

/** What is said once for all inputs, by role. */
function givenFields({ field = [] }: InputOptions): Map<string, string> {
  return new Map(field.map((one) => [one.split('=', 1)[0] ?? '', one.slice(one.indexOf('=') + 1)]))
}

/** What the run reads beside each text: said once for all of them, or a column of the file. */
async function fieldsOf(
  { config: { task } }: Run,
  count: number,
  { io }: Ground,
  options: InputOptions,
): Promise<Record<string, string>[] | undefined> {
  const roles = readBeside(task)
  if (roles.length === 0) return undefined
  const { input = [], text = [] } = options
  const said = givenFields(options)
  const inFiles = text.length === 0 && !input.includes('-')
  const fields: Record<string, string>[] = Array.from({ length: count }, () => ({}))
  for (const role of roles) {
    const common = said.get(role.name)
    if (common === undefined && !inFiles && !role.optional) {
      const message = `A run for ${task} reads a ${role.name} beside each text: give --field ${role.name}="…".`
      throw new AttuneError('bad_request', message)
    }
    const own: string[] = []
    if (common === undefined && inFiles) for (const file of input) own.push(...(await columnOf(file, role, io)))
    for (const [i, one] of fields.entries()) {
      const value = common ?? own[i]
      if (value !== undefined) one[role.name] = value
    }
  }
  return fields
}

/** A column of a file; none where an optional one is not there. */
async function columnOf(file: string, { name, optional }: RoleInfo, io: Ground['io']): Promise<string[]> {
  try {
    return await readTexts(file, name, io)
  } catch (thrown) {
    if (optional && thrown instanceof AttuneError && thrown.details?.columns !== undefined) return []
    throw thrown
  }
}
