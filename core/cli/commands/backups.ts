import { acceptDatabase, backupsOf, restoreDatabase } from '../../app/restore.ts'
import { systemClock } from '../../util/clock.ts'
import { bytes, moment } from '../format.ts'
import type { Answer } from '../io.ts'
import { table } from '../table.ts'

/** These work on the files alone: they are for a database that does not open. */

export function listBackups(home: string): Answer {
  const backups = backupsOf(home)
  const text =
    backups.length === 0
      ? 'No backups yet. One is made when a run has ended, and every ten minutes while something changes.'
      : table(
          [
            { title: 'NAME', value: ({ name }: (typeof backups)[number]) => name },
            { title: 'MADE', value: ({ at }) => moment(at) },
            { title: 'SIZE', value: (backup) => bytes(backup.bytes), right: true },
            { title: 'WHY', value: ({ reason }) => (reason === 'regular' ? '' : `before leaving ${reason}`) },
          ],
          backups,
        )
  return { value: { backups }, text }
}

export function restoreBackup(home: string, name: string | null): Answer {
  const { backup, aside } = restoreDatabase(home, name, systemClock)
  const kept = aside === null ? '' : ` The former database is kept as ${aside}.`
  const text =
    `The backup of ${moment(backup.at)} is in place.${kept} What came later is not in the record; ` +
    'weights and datasets of that time are still in their folders.'
  return { value: { backup, aside }, text }
}

export function acceptLoss(home: string): Answer {
  acceptDatabase(home)
  return { value: {}, text: 'Attune goes on with the database as it is.' }
}
