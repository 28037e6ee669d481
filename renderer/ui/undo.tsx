import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { toErrorPayload } from '../../core/contract/errors.ts'

const undoForMs = 10_000

/** Says that a destructive act is done and offers to take it back. */
export function offerUndo(message: string, undo: () => Promise<unknown>): void {
  const id = notifications.show({ message: '', autoClose: undoForMs, withCloseButton: true })
  const take = async () => {
    notifications.hide(id)
    try {
      await undo()
    } catch (thrown) {
      notifications.show({ color: 'red', autoClose: false, message: toErrorPayload(thrown).message })
    }
  }
  notifications.update({
    id,
    autoClose: undoForMs,
    message: (
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text fz={13}>{message}</Text>
        <Button variant="light" size="compact-xs" onClick={() => void take()}>
          Undo
        </Button>
      </Group>
    ),
  })
}

export function notifyDone(message: string, title?: string): void {
  notifications.show({ color: 'teal', message, ...(title && { title }) })
}

/** Says that something goes on, and afterwards what came of it: the sentence it resolves to, or why it failed. */
export function notifyWhile(message: string, work: Promise<string>): void {
  const id = notifications.show({ message, loading: true, autoClose: false, withCloseButton: false })
  const end = { id, loading: false, withCloseButton: true } as const
  work.then(
    (done) => notifications.update({ ...end, color: 'teal', message: done, autoClose: 4000 }),
    (thrown: unknown) =>
      notifications.update({ ...end, color: 'red', message: toErrorPayload(thrown).message, autoClose: false }),
  )
}
