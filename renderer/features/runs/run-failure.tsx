import { Alert, Button } from '@mantine/core'
import { CircleAlert, GitFork, Plus } from 'lucide-react'
import { useLocation } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import { settingsInWords } from '../../../core/contract/setting-words.ts'
import type { RunConfig } from '../../../core/contract/settings.ts'
import { formatBytes } from '../../ui/format.ts'
import { formAddress, remediesOf } from './remedies.ts'
import { canFork } from './resumable.ts'
import classes from './run-detail.module.css'

/** Why a run ended badly, and the way to one that would not. */
export function RunFailure({ run }: { run: Run }) {
  const [, navigate] = useLocation()
  const { error } = run
  if (!error) return null
  const remedies = remediesOf(run)
  const forks = canFork(run)
  const open = (settings: Partial<RunConfig>) => navigate(formAddress(run, settings))
  return (
    <Alert
      mb={10}
      color="red"
      variant="light"
      icon={<CircleAlert size={18} />}
      title={run.state === 'paused' ? 'This run was paused' : 'This run failed'}
    >
      {error.message}
      <div className={classes.remedies}>
        {remedies.map(({ settings, peakBytes }) => (
          <Button
            key={JSON.stringify(settings)}
            size="xs"
            variant="default"
            title="Opens the form with these settings"
            rightSection={<span className={classes.remedyBytes}>{formatBytes(peakBytes)}</span>}
            onClick={() => open(settings)}
          >
            {settingsInWords(settings)}
          </Button>
        ))}
        {(forks || error.code === 'out_of_memory') && (
          <Button
            size="xs"
            variant="light"
            leftSection={forks ? <GitFork size={14} /> : <Plus size={14} />}
            onClick={() => open({})}
          >
            {forks ? 'Fork it with other settings…' : 'New run with other settings…'}
          </Button>
        )}
      </div>
    </Alert>
  )
}
