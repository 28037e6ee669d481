import { ActionIcon, Button, Group, Menu, Modal, TextInput } from '@mantine/core'
import { Ellipsis, Pencil, Play, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useLocation } from 'wouter'
import type { Dataset } from '../../../core/contract/domain.ts'
import { useAct, useClient } from '../../client/hooks.ts'
import { formatBytes } from '../../ui/format.ts'
import { offerUndo } from '../../ui/undo.tsx'

export function DatasetMenu({ dataset, onDeleted }: { dataset: Dataset; onDeleted?: () => void }) {
  const client = useClient()
  const [, navigate] = useLocation()
  const [renaming, setRenaming] = useState(false)
  const remove = useAct('datasets.delete', {
    onSuccess: ({ bytes }) => {
      offerUndo(`Deleted ${dataset.name} (${formatBytes(bytes)}).`, () =>
        client.call('datasets.restore', { id: dataset.id }),
      )
      onDeleted?.()
    },
  })
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size={20} aria-label={`More on ${dataset.name}`}>
            <Ellipsis size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Play size={14} />} onClick={() => navigate(`/new?dataset=${dataset.id}`)}>
            Train on it
          </Menu.Item>
          <Menu.Item leftSection={<Pencil size={14} />} onClick={() => setRenaming(true)}>
            Rename
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={14} />}
            onClick={() => remove.mutate({ id: dataset.id })}
            disabled={remove.isPending}
          >
            Delete ({formatBytes(dataset.bytes)})
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={renaming} onClose={() => setRenaming(false)} title="Rename the dataset">
        <RenameForm dataset={dataset} onDone={() => setRenaming(false)} />
      </Modal>
    </>
  )
}

function RenameForm({ dataset, onDone }: { dataset: Dataset; onDone: () => void }) {
  const [name, setName] = useState(dataset.name)
  const act = useAct('datasets.rename', { onSuccess: onDone })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    act.mutate({ id: dataset.id, name })
  }
  return (
    <form onSubmit={submit}>
      <TextInput
        label="Name"
        data-autofocus
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
        <Button type="submit" loading={act.isPending} disabled={name.trim() === ''}>
          Rename
        </Button>
      </Group>
    </form>
  )
}
