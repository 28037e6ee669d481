import { Alert, Text } from '@mantine/core'
import { CircleCheck, CircleHelp, TriangleAlert } from 'lucide-react'
import { Link } from 'wouter'
import type { Origin, Reproduction, Run } from '../../../core/contract/domain.ts'
import { useCall } from '../../client/hooks.ts'
import { plural } from '../../ui/format.ts'
import classes from './run-detail.module.css'

/** Where a run came from, and what came from it. Nothing for one that stands alone. */
export function Lineage({ run }: { run: Run }) {
  const { data } = useCall('runs.list', {})
  const children = data?.runs.filter(({ origin }) => origin?.run === run.id) ?? []
  if (!run.origin && children.length === 0) return null
  return (
    <div className={classes.lineage}>
      {run.origin && (
        <From origin={run.origin} optimizer={run.start?.optimizer ?? false} head={run.start?.head ?? true} />
      )}
      {children.length > 0 && (
        <span>
          {plural(children.length, 'run')} came from it:{' '}
          {children.slice(0, 4).map((child, i) => (
            <span key={child.id}>
              {i > 0 && ', '}
              <Link href={`/runs/${child.id}`}>{child.name}</Link>
            </span>
          ))}
          {children.length > 4 && ` and ${children.length - 4} more`}
        </span>
      )}
    </div>
  )
}

const words = { fork: 'Forked from', repeat: 'Repeats', reproduction: 'Reproduces' } as const

function From({ origin, optimizer, head }: { origin: Origin; optimizer: boolean; head: boolean }) {
  const with_ = [optimizer && "with the optimizer's state", !head && 'with a fresh head'].filter(Boolean).join(', ')
  return (
    <span>
      {words[origin.kind]} {origin.kind === 'fork' && `step ${origin.step} of `}
      {origin.deleted ? `“${origin.name}” (deleted)` : <Link href={`/runs/${origin.run}`}>{origin.name}</Link>}
      {with_ && `, ${with_}`}
    </span>
  )
}

const looks = {
  pending: { color: 'gray', icon: CircleHelp, title: 'A reproduction' },
  equal: { color: 'teal', icon: CircleCheck, title: 'Reproduced' },
  different: { color: 'yellow', icon: TriangleAlert, title: 'Not reproduced' },
  none: { color: 'gray', icon: CircleHelp, title: 'There is nothing to compare with' },
} as const

/** Whether a reproduction came out as its original did; what differs first, and why that may be. */
export function ReproductionAlert({ reproduction }: { reproduction: Reproduction }) {
  const { outcome, sentence, causes } = reproduction
  const { color, icon: Icon, title } = looks[outcome]
  return (
    <Alert mb={10} color={color} variant="light" icon={<Icon size={18} />} title={title}>
      <Text fz={13}>{sentence}</Text>
      {causes.length > 1 && (
        <ul className={classes.causes}>
          {causes.slice(1).map((cause) => (
            <li key={cause}>{cause}</li>
          ))}
        </ul>
      )}
    </Alert>
  )
}
