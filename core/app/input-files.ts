import { realpath, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { PartialMapping } from '../contract/domain.ts'
import { AttuneError, type ErrorCode } from '../contract/errors.ts'
import { inputRoles, type RoleInfo } from '../contract/roles.ts'
import type { TaskName } from '../contract/settings.ts'
import { guessMapping } from '../data/guess.ts'
import { checkKind, mediaKindOf, mediaPath } from '../data/media/media-file.ts'
import { previewFile } from '../data/preview.ts'
import { folderColumns } from '../data/readers/folder.ts'
import { openTable } from '../data/readers/table.ts'
import { quoted } from '../util/quoted.ts'

/** An input of a prediction that is about a file. */
export interface FoundInput {
  readonly path: string
  /** What the file is called. */
  readonly fileName: string
  /** Its other parts by role, the text among them where it is not the file's name. */
  readonly parts: Readonly<Record<string, string>>
}

export interface FoundInputs {
  readonly inputs: readonly FoundInput[]
  /** The path is a folder, which the names are relative to; else they are to the folder that it lies in. */
  readonly isFolder: boolean
  /** Files of folders that are of another kind. */
  readonly leftOut: number
}

/** What is said of all inputs: parts, and which columns of a table have the others. */
export interface Given {
  readonly parts: Readonly<Record<string, string>>
  readonly columns: PartialMapping
}

/**
 * The inputs at a path, for a task that is about files: a picture or clip, a folder of them, or a table that names them, as
 * an import reads it. Each begins as what the task reads. Throws AttuneError: not_found, unsupported (a file of another
 * kind), bad_file (see openTable), bad_data (a table without what the task reads, or a row of it).
 */
export async function findInputs(task: TaskName, path: string, given: Given): Promise<FoundInputs> {
  const roles = inputRoles(task)
  const role = roles.find(({ file }) => file !== undefined)
  if (role?.file === undefined) throw new AttuneError('bad_request', `A run for ${task} reads no files.`)
  const fileName = basename(path)
  const real = await realpath(path).catch((cause: unknown) => {
    throw new AttuneError('not_found', `There is no file or folder ${path}.`, { path }, { cause })
  })
  const isFolder = (await stat(real)).isDirectory()
  if (!isFolder && (await mediaKindOf(dirname(real), basename(real))) !== null) {
    await checkKind(role.file, real, fileName)
    checkParts(roles, [role.name], given, fileName)
    return { inputs: [{ path: real, fileName, parts: given.parts }], isFolder, leftOut: 0 }
  }
  return { ...(await fromTable(real, fileName, { ...role, file: role.file }, roles, given)), isFolder }
}

type FileRole = RoleInfo & { readonly file: 'image' | 'audio' }

async function fromTable(
  tablePath: string,
  fileName: string,
  role: FileRole,
  roles: readonly RoleInfo[],
  given: Given,
): Promise<Omit<FoundInputs, 'isFolder'>> {
  const mapping = await columnsOf(tablePath, fileName, roles, given)
  const table = await openTable(tablePath, fileName)
  const listed = table.format === 'folder'
  const inputs: FoundInput[] = []
  let leftOut = 0
  for await (const item of table.items) {
    const wrong = (what: string, code: ErrorCode = 'bad_data') =>
      new AttuneError(code, `${fileName}, line ${item.line}: ${what}`, { line: item.line })
    if ('problem' in item) {
      if (item.header) continue
      throw wrong(item.problem)
    }
    const cell = (name: string) => item.cells.get(mapping[name] ?? '') ?? ''
    const name = cell(role.name)
    if (listed && (await mediaKindOf(table.base, name)) !== role.file) {
      leftOut++
      continue
    }
    const own = Object.keys(mapping).filter((one) => one !== role.name && cell(one).trim() !== '')
    const lacking = roles.find(({ name: one, optional }) => !optional && mapping[one] && cell(one).trim() === '')
    if (lacking) throw wrong(`The ${lacking.name} (column "${mapping[lacking.name]}") is empty.`)
    const path = await checkedPath(table.base, name, role.file).catch((thrown: unknown) => {
      throw thrown instanceof AttuneError ? wrong(thrown.message, thrown.code) : thrown
    })
    inputs.push({
      path,
      fileName: name,
      parts: { ...Object.fromEntries(own.map((one) => [one, cell(one)])), ...given.parts },
    })
  }
  if (inputs.length > 0) return { inputs, leftOut }
  const kind = role.file === 'image' ? 'picture' : 'clip'
  throw new AttuneError('bad_data', `There is no ${kind} in ${fileName} that can be read.`)
}

/** The real path of a file of that kind that a row names. Throws as mediaPath and checkKind. */
async function checkedPath(base: string, name: string, kind: FileRole['file']): Promise<string> {
  const path = await mediaPath(base, name)
  await checkKind(kind, path, name)
  return path
}

/** The columns of the parts that are not given; those that are optional may have none. */
async function columnsOf(
  path: string,
  fileName: string,
  roles: readonly RoleInfo[],
  given: Given,
): Promise<PartialMapping> {
  const { format, columns, scanned } = await previewFile(path, fileName)
  const names = columns.map(({ name }) => name)
  const listed = quoted(names)
  const unknown = Object.values(given.columns).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new AttuneError('bad_data', `${fileName} has no column "${unknown}". It has ${listed}.`, { columns: names })
  }
  const open = roles.filter(({ name }) => !Object.hasOwn(given.parts, name) && !Object.hasOwn(given.columns, name))
  const free = columns.filter(({ name }) => !Object.values(given.columns).includes(name))
  // A folder knows no more of its files than where they lie.
  const guessed =
    format === 'folder'
      ? Object.fromEntries(open.flatMap(({ name, file }) => (file ? [[name, folderColumns.file]] : [])))
      : guessMapping(free, scanned, open)
  const mapping = { ...guessed, ...given.columns }
  checkParts(roles, Object.keys(mapping), given, format === 'folder' ? fileName : `${fileName}, which has ${listed}`)
  return mapping
}

/** Throws AttuneError bad_data where an input has not all that its task reads. */
function checkParts(roles: readonly RoleInfo[], found: readonly string[], { parts }: Given, where: string): void {
  const missing = roles.find(({ name, optional }) => !optional && !found.includes(name) && !Object.hasOwn(parts, name))
  if (!missing) return
  const what = `${missing.name} (${missing.help.replace(/\.$/, '')})`
  throw new AttuneError('bad_data', `There is no ${what} in ${where}: say it once for all inputs, or in a table.`)
}
