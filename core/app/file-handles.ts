import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { AttuneError } from '../contract/errors.ts'

/** A file or folder that a door took in: where it lies, and what the person calls it. */
export interface HandedFile {
  readonly path: string
  readonly fileName: string
}

/**
 * Files and folders that may be imported, by handle. Pages never name a path: uploads, the desktop's dialog and the
 * command line register what they were given here.
 */
export interface FileHandles {
  /** `path` is absolute: a file for datasets, a folder for models. */
  register(path: string, fileName?: string): string
  /** Throws not_found for a handle of another process, or of before a restart. */
  resolve(handle: string): HandedFile
}

export function createFileHandles(): FileHandles {
  const files = new Map<string, HandedFile>()
  return {
    register(path, fileName = basename(path)) {
      const handle = randomUUID()
      files.set(handle, { path, fileName })
      return handle
    },
    resolve(handle) {
      const file = files.get(handle)
      if (!file) throw new AttuneError('not_found', 'The file is no longer at hand. Pick it again.', { handle })
      return file
    },
  }
}
