import { Alert, Button, Text } from '@mantine/core'
import { CircleAlert } from 'lucide-react'
import { toErrorPayload } from '../../core/contract/errors.ts'

export interface ErrorPanelProps {
  /** Whatever was thrown; its sentence is shown. */
  error: unknown
  title?: string
  onRetry?: () => void
}

/** A failure in the place where its result would have been. */
export function ErrorPanel({ error, title = 'That did not work', onRetry }: ErrorPanelProps) {
  const { message, details } = toErrorPayload(error)
  const line = details?.line
  return (
    <Alert role="alert" color="red" variant="light" icon={<CircleAlert size={18} />} title={title}>
      <Text fz={13} style={{ overflowWrap: 'anywhere' }}>
        {message}
        {typeof line === 'number' && !message.includes(String(line)) && ` (line ${line})`}
      </Text>
      {onRetry && (
        <Button mt="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  )
}
