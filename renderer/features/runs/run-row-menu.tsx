import { ActionIcon, Menu } from '@mantine/core'
import { ChevronsUp, CopyCheck, Ellipsis, GitFork, Pause, Play, Repeat, X } from 'lucide-react'
import { useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { useAct } from '../../client/hooks.ts'
import { canFork, canResume } from './resumable.ts'
import { RepeatDialog } from './run-again.tsx'
import { useRunActs } from './use-run-acts.ts'

/** What is wanted of a run without opening it. */
export function RunRowMenu({ run }: { run: Run }) {
  const { id } = run
  const [repeating, setRepeating] = useState(false)
  const acts = useRunActs(run)
  const pause = useAct('runs.pause')
  const resume = useAct('runs.resume')
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={22} aria-label={`Acts on ${run.name}`}>
            <Ellipsis size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {run.state === 'running' && (
            <Menu.Item
              leftSection={<Pause size={14} />}
              disabled={run.stopRequested}
              onClick={() => pause.mutate({ id })}
            >
              Pause
            </Menu.Item>
          )}
          {canResume(run) && (
            <Menu.Item leftSection={<Play size={14} />} onClick={() => resume.mutate({ id })}>
              Resume
            </Menu.Item>
          )}
          {run.state === 'queued' && (
            <>
              <Menu.Item leftSection={<ChevronsUp size={14} />} onClick={() => acts.move('front')}>
                To the front of the queue
              </Menu.Item>
              <Menu.Item leftSection={<X size={14} />} onClick={acts.leaveQueue}>
                Take out of the queue
              </Menu.Item>
            </>
          )}
          <Menu.Item leftSection={<Repeat size={14} />} onClick={() => setRepeating(true)}>
            Repeat…
          </Menu.Item>
          {canFork(run) && (
            <Menu.Item leftSection={<GitFork size={14} />} onClick={() => acts.fork()}>
              Fork…
            </Menu.Item>
          )}
          {run.state === 'finished' && (
            <Menu.Item leftSection={<CopyCheck size={14} />} onClick={acts.reproduce}>
              Reproduce
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <RepeatDialog run={run} opened={repeating} onClose={() => setRepeating(false)} />
    </>
  )
}
