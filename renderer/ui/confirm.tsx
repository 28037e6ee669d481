import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'

export interface Choice {
  label: string
  /** What it keeps and what it loses, in one sentence. */
  help?: string
  danger?: boolean
  /** Where the keyboard starts. */
  primary?: boolean
  act: () => void
}

export interface ConfirmProps {
  opened: boolean
  onClose: () => void
  title: string
  children: ReactNode
  /** Besides Cancel, which is always there. */
  choices: readonly Choice[]
}

/** Asks before something that matters. Escape and Cancel change nothing. */
export function Confirm({ opened, onClose, title, children, choices }: ConfirmProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={460}>
      <Text fz={13}>{children}</Text>
      {choices.some((choice) => choice.help) && (
        <Stack component="ul" gap={4} mt="sm" mb={0} pl={18}>
          {choices.map((choice) => (
            <Text component="li" key={choice.label} fz={13} c="dimmed">
              <b>{choice.label}</b>: {choice.help}
            </Text>
          ))}
        </Stack>
      )}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        {choices.map((choice) => (
          <Button
            key={choice.label}
            variant={choice.primary ? 'filled' : 'light'}
            {...(choice.danger && { color: 'red' })}
            {...(choice.primary && { 'data-autofocus': true })}
            onClick={() => {
              onClose()
              choice.act()
            }}
          >
            {choice.label}
          </Button>
        ))}
      </Group>
    </Modal>
  )
}
