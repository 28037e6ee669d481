import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { formatPercent } from '../../ui/format.ts'

export interface UnderWayProps {
  /** As a word for the person. */
  what: string
  /** 0 to 1; null where it is not known. */
  share: number | null
  onCancel: () => void
}

/** A long call, how far it is, and its end. */
export function UnderWay({ what, share, onCancel }: UnderWayProps) {
  return (
    <Stack gap="sm" py="md">
      <Text fz={13} aria-live="polite">
        {what}
        {share === null ? '…' : `: ${formatPercent(share, 0)}`}
      </Text>
      <Progress value={share === null ? 100 : share * 100} animated={share === null} aria-label="Progress" />
      <Group justify="flex-end">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
      </Group>
    </Stack>
  )
}
