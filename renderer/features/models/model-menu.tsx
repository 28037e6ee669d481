import { ActionIcon, Button, Group, Menu, Modal, TextInput } from '@mantine/core'
import { Ellipsis, Pencil, Play, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useLocation } from 'wouter'
import type { Model } from '../../../core/contract/domain.ts'
import { useAct, useClient } from '../../client/hooks.ts'
import { formatBytes } from '../../ui/format.ts'
import { offerUndo } from '../../ui/undo.tsx'

export function ModelMenu({ model }: { model: Model }) {
  const client = useClient()
  const [, navigate] = useLocation()
  const [renaming, setRenaming] = useState(false)
  const remove = useAct('models.delete', {
    onSuccess: ({ bytes }) =>
      offerUndo(`Deleted ${model.name} (${formatBytes(bytes)}).`, () =>
        client.call('models.restore', { id: model.id }),
      ),
  })
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size={20} aria-label={`More on ${model.name}`}>
            <Ellipsis size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Play size={14} />} onClick={() => navigate(`/new?model=${model.id}`)}>
            Fine-tune it
          </Menu.Item>
          <Menu.Item leftSection={<Pencil size={14} />} onClick={() => setRenaming(true)}>
            Rename
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<Trash2 size={14} />}
            disabled={remove.isPending}
            onClick={() => remove.mutate({ id: model.id })}
          >
            Delete ({formatBytes(model.bytes)})
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={renaming} onClose={() => setRenaming(false)} title="Rename the model">
        <RenameForm model={model} onDone={() => setRenaming(false)} />
      </Modal>
    </>
  )
}

function RenameForm({ model, onDone }: { model: Model; onDone: () => void }) {
  const [name, setName] = useState(model.name)
  const act = useAct('models.rename', { onSuccess: onDone })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    act.mutate({ id: model.id, name })
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
