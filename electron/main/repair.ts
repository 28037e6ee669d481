import { dirname } from 'node:path'
import { dialog } from 'electron'
import { acceptDatabase, backupsOf, restoreDatabase } from '../../core/app/restore.ts'
import { AttuneError } from '../../core/contract/errors.ts'
import { systemClock } from '../../core/util/clock.ts'

/**
 * Says what is wrong with a damaged database, and offers its backup, or to go on where only the newest changes are lost.
 * True when opening is worth another try; false when the error is of another kind, or the person would rather quit.
 * Nothing is overwritten: the damaged file stays beside the restored one.
 */
export async function offerRepair(error: unknown): Promise<boolean> {
  const path = error instanceof AttuneError && error.code === 'bad_file' ? error.details?.path : undefined
  if (!(error instanceof AttuneError) || typeof path !== 'string' || !('backup' in (error.details ?? {}))) return false
  const home = dirname(path)
  const [newest] = backupsOf(home)
  const ways: { button: string; take: (() => void) | null }[] = [{ button: 'Quit', take: null }]
  if (newest) {
    const made = new Date(newest.at).toLocaleString()
    ways.push({ button: `Restore the backup of ${made}`, take: () => restoreDatabase(home, null, systemClock) })
  }
  if (error.details?.lost !== undefined) ways.push({ button: 'Open without them', take: () => acceptDatabase(home) })
  if (ways.length === 1) return false
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: 'The database is damaged.',
    detail: error.message,
    buttons: ways.map(({ button }) => button),
    defaultId: 0,
    cancelId: 0,
  })
  const take = ways[response]?.take
  take?.()
  return take !== undefined && take !== null
}
