import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core'
import {
  Archive,
  ArrowLeft,
  Boxes,
  CircleStop,
  Columns2,
  Copy,
  CopyCheck,
  Download,
  Ellipsis,
  GitFork,
  Repeat,
  Trash2,
  Waypoints,
} from 'lucide-react'
import { useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import { canLearn } from '../../../core/contract/architectures.ts'
import type { Run } from '../../../core/contract/domain.ts'
import { comparePath, useSelection } from '../../app/selection.ts'
import { runColour, runDash } from '../../charts/palette.ts'
import { useAct } from '../../client/hooks.ts'
import { formatWhen } from '../../ui/format.ts'
import { PageHeader } from '../../ui/page.tsx'
import { useShortcut } from '../../ui/shortcuts.ts'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Swatch } from '../../ui/swatch.tsx'
import type { Which } from './export-dialog.tsx'
import { canFork, canResume } from './resumable.ts'
import { PauseOrResume, RepeatDialog } from './run-again.tsx'
import { RunTitle } from './run-title.tsx'
import { StopDialog } from './stop-dialog.tsx'
import { isOver, useRunActs } from './use-run-acts.ts'

export function RunHeader({ run, onExport }: { run: Run; onExport: (which: Which) => void }) {
  const [, navigate] = useLocation()
  const [stopping, setStopping] = useState(false)
  const [search, setSearch] = useSearchParams()
  const repeating = search.get('do') === 'repeat'
  const setRepeating = (on: boolean) =>
    setSearch(
      (now) => {
        if (on) now.set('do', 'repeat')
        else now.delete('do')
        return now
      },
      { replace: true },
    )
  const acts = useRunActs(run)
  const over = isOver(run)
  const archived = run.state === 'archived'
  const selected = useSelection((selection) => selection.selected)
  const baseline = selected.find((id) => id !== run.id)
  const pause = useAct('runs.pause')
  const resume = useAct('runs.resume')
  const canPause = run.state === 'running' && !run.stopRequested
  useShortcut('P', 'Pause it', 'Run', canPause ? () => pause.mutate({ id: run.id }) : null)
  useShortcut('P', 'Let it go on', 'Run', canResume(run) ? () => resume.mutate({ id: run.id }) : null)
  useShortcut('R', 'Repeat it with other seeds', 'Run', () => setRepeating(true))
  useShortcut('F', 'Fork it from a checkpoint', 'Run', canFork(run) ? () => acts.fork() : null)
  useShortcut('Escape', 'Back to the charts of all runs', 'Run', () => navigate('/runs'))

  return (
    <>
      <PageHeader
        lead={
          <Tooltip label="All runs' charts (Esc)">
            <ActionIcon aria-label="Back to the charts of all runs" onClick={() => navigate('/runs')}>
              <ArrowLeft size={16} />
            </ActionIcon>
          </Tooltip>
        }
        title={
          <span style={{ display: 'inline-flex', alignItems: 'center', gap: 8, maxWidth: '100%' }}>
            <Swatch colour={runColour(run.colour)} dash={runDash(run.colour)} />
            <RunTitle name={run.name} onRename={acts.rename} />
          </span>
        }
        subtitle={
          <span style={{ display: 'inline-flex', gap: 10 }}>
            <StateBadge state={run.state} />
            <span>
              {run.model.name} on {run.dataset.name}
            </span>
            <span title={new Date(run.createdAt).toLocaleString()}>{formatWhen(run.createdAt, Date.now())}</span>
          </span>
        }
        actions={
          <>
            <PauseOrResume run={run} />
            {!over && (
              <Button
                variant="light"
                color="red"
                leftSection={<CircleStop size={14} />}
                disabled={run.stopRequested}
                onClick={() => setStopping(true)}
              >
                {run.stopRequested ? 'Stopping' : run.state === 'queued' ? 'Take out' : 'Stop'}
              </Button>
            )}
            {baseline !== undefined && (
              <Button
                variant="default"
                leftSection={<Columns2 size={14} />}
                onClick={() => navigate(comparePath([baseline, run.id]))}
              >
                Compare with baseline
              </Button>
            )}
            <Button
              variant="default"
              leftSection={<Download size={14} />}
              disabled={!over}
              onClick={() => onExport('best')}
            >
              Export
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon variant="default" size={30} aria-label="More acts">
                  <Ellipsis size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<Copy size={14} />} onClick={() => navigate(`/new?from=${run.id}`)}>
                  New run with these settings
                </Menu.Item>
                <Menu.Item leftSection={<Repeat size={14} />} onClick={() => setRepeating(true)}>
                  Repeat with other seeds…
                </Menu.Item>
                <Menu.Item leftSection={<GitFork size={14} />} disabled={!canFork(run)} onClick={() => acts.fork()}>
                  Fork from a checkpoint…
                </Menu.Item>
                <Menu.Item leftSection={<Boxes size={14} />} disabled={!canFork(run)} onClick={() => acts.makeModel()}>
                  Use as base model
                </Menu.Item>
                <Menu.Item
                  leftSection={<Waypoints size={14} />}
                  disabled={!canLearn('lstm', run.config.task)}
                  onClick={acts.trainBaseline}
                >
                  Train an LSTM of the same size
                </Menu.Item>
                <Menu.Item
                  leftSection={<CopyCheck size={14} />}
                  disabled={run.state !== 'finished'}
                  onClick={acts.reproduce}
                >
                  Reproduce
                </Menu.Item>
                <Menu.Item leftSection={<Archive size={14} />} disabled={!over} onClick={() => acts.archive(!archived)}>
                  {archived ? 'Take out of the archive' : 'Archive'}
                </Menu.Item>
                <Menu.Item leftSection={<Trash2 size={14} />} color="red" disabled={!over} onClick={acts.remove}>
                  Delete
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        }
      />
      <RepeatDialog run={run} opened={repeating} onClose={() => setRepeating(false)} />
      <StopDialog run={run} opened={stopping} onClose={() => setStopping(false)} onStop={acts.stop} />
    </>
  )
}
