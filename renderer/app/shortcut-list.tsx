import { Group, Kbd, Modal, Stack, Text } from '@mantine/core'
import { readableKeys, type Shortcut, useShortcutList } from '../ui/shortcuts.ts'

/** Mod+/: the keys that work on the screen now shown. */
export function ShortcutList({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const shortcuts = useShortcutList((list) => list.shortcuts)
  const groups = Map.groupBy(unique(shortcuts), (shortcut) => shortcut.group)
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" size={440}>
      <Stack gap="md">
        {[...groups].map(([group, members]) => (
          <Stack key={group} gap={4}>
            <Text fz={12} c="dimmed">
              {group}
            </Text>
            {members.map(({ keys, label }) => (
              <Group key={keys} justify="space-between" wrap="nowrap">
                <Text fz={13}>{label}</Text>
                <Kbd size="xs">{readableKeys(keys)}</Kbd>
              </Group>
            ))}
          </Stack>
        ))}
        <Text fz={12} c="dimmed">
          Tab reaches everything; Enter and Space act; Escape closes what is on top.
        </Text>
      </Stack>
    </Modal>
  )
}

/** The same key may be bound by several components of a screen. */
function unique(shortcuts: readonly Shortcut[]): Shortcut[] {
  return [...new Map(shortcuts.map((shortcut) => [`${shortcut.group} ${shortcut.keys}`, shortcut])).values()]
}
