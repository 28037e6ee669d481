import { Link } from 'wouter'
import type { Run, RunSpace } from '../../../core/contract/domain.ts'
import { runColour, runDash } from '../../charts/palette.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { formatBytes } from '../../ui/format.ts'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Swatch } from '../../ui/swatch.tsx'
import classes from './storage.module.css'

type Row = RunSpace & { readonly of: Run }

export function RunTable({ spaces, runs }: { spaces: readonly RunSpace[]; runs: readonly Run[] }) {
  const byId = new Map(runs.map((run) => [run.id, run]))
  const rows = spaces.flatMap((space): Row[] => {
    const of = byId.get(space.run)
    return of ? [{ ...space, of }] : []
  })
  return (
    <DataTable
      label="What each run takes"
      rows={rows}
      rowKey={({ run }) => run}
      columns={columns}
      initialSort={{ column: 'bytes', descending: true }}
    />
  )
}

function size(id: 'bytes' | 'spareBytes' | 'optimizerBytes', title: string): Column<Row> {
  return {
    id,
    title,
    align: 'end',
    value: (row) => row[id],
    cell: (row) => (row[id] === 0 ? '–' : formatBytes(row[id])),
  }
}

const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    title: 'Run',
    value: ({ of }) => of.name,
    cell: ({ of }) => (
      <span className={classes.run}>
        <Swatch colour={runColour(of.colour)} dash={runDash(of.colour)} />
        <Link href={`/runs/${of.id}?tab=checkpoints`}>{of.name}</Link>
      </span>
    ),
  },
  { id: 'state', title: 'State', value: ({ of }) => of.state, cell: ({ of }) => <StateBadge state={of.state} /> },
  {
    id: 'checkpoints',
    title: 'Checkpoints',
    align: 'end',
    value: ({ checkpoints }) => checkpoints,
    cell: ({ checkpoints }) => checkpoints,
  },
  size('bytes', 'On disk'),
  size('spareBytes', 'Spare checkpoints'),
  {
    ...size('optimizerBytes', 'Optimizer state'),
    cell: ({ optimizerBytes, resumable }) => (
      <span title={resumable ? 'Needed to resume the run' : undefined}>
        {optimizerBytes === 0 ? '–' : formatBytes(optimizerBytes)}
        {resumable && <small className={classes.needed}> needed to resume</small>}
      </span>
    ),
  },
]
