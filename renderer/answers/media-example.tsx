import type { OutputRow, Run } from '../../core/contract/domain.ts'
import { mediaOf } from '../../core/contract/roles.ts'
import { RowMedia } from '../client/row-media.tsx'

/** The picture or clip that a row is about. */
export function MediaExample({ run, row }: { run: Run; row: OutputRow }) {
  const kind = mediaOf(run.config.task)
  return kind && <RowMedia kind={kind} dataset={run.dataset.id} row={row.row} label={row.label || row.text} />
}
