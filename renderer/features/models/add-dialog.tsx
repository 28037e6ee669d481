import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Model } from '../../../core/contract/domain.ts'
import { useCall, useClient } from '../../client/hooks.ts'
import { DropZone } from '../../ui/drop-zone.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { UnderWay } from './under-way.tsx'
import { type AddModel, useAddModel } from './use-add-model.ts'

export interface AddDialogProps {
  opened: boolean
  onClose: () => void
  /** Models that are there already. */
  known: readonly Model[]
  onAdded: (model: Model) => void
}

export function AddDialog({ opened, onClose, known, onAdded }: AddDialogProps) {
  const add = useAddModel(onAdded)
  // Still there when the download comes to nothing.
  const [wanted, setWanted] = useState('')
  const close = () => {
    add.cancel()
    onClose()
  }
  return (
    <Modal opened={opened} onClose={close} size={620} title="Add a model" closeButtonProps={{ 'aria-label': 'Close' }}>
      {add.busy === null ? (
        <Choose {...{ add, known, wanted }} onWanted={setWanted} />
      ) : (
        <UnderWay what={add.busy} share={add.share} onCancel={add.cancel} />
      )}
    </Modal>
  )
}

interface ChooseProps {
  add: AddModel
  known: readonly Model[]
  /** The name of a hub's model, as it is being typed. */
  wanted: string
  onWanted: (wanted: string) => void
}

function Choose({ add, known, wanted, onWanted }: ChooseProps) {
  const { desktop } = useClient()
  const info = useCall('app.info', {})
  const starters = info.data?.starters.filter(
    ({ available, name, title }) =>
      available && !known.some((model) => model.source.includes(name) || model.name === title),
  )
  return (
    <Stack gap="md">
      {add.error !== null && <ErrorPanel error={add.error} title="The model was not added" />}
      <DropZone
        title="Choose a model's folder"
        hint="A Hugging Face folder: config.json, model.safetensors, tokenizer.json or vocab.txt"
        button="Choose a folder"
        folder
        onFiles={add.addFiles}
        {...(desktop && { onChoose: add.openDialog })}
      />
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (wanted.trim() !== '') add.addFromHub(wanted.trim())
        }}
      >
        <Group align="flex-end" wrap="nowrap" gap="md">
          <TextInput
            flex={1}
            label="From the Hugging Face hub"
            description="The only thing here that uses the network. A download that ends early goes on where it was."
            placeholder="ORG/NAME or ORG/NAME@REVISION"
            value={wanted}
            onChange={(event) => onWanted(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" flex="none" disabled={wanted.trim() === ''}>
            Download
          </Button>
        </Group>
      </form>
      {starters?.map((starter) => (
        <Group key={starter.name} justify="space-between" wrap="nowrap" gap="md">
          <div>
            <Text fz={13} fw={500}>
              {starter.title}
            </Text>
            <Text fz={12} c="dimmed">
              {starter.description} {starter.licence}.
            </Text>
          </div>
          <Button variant="default" flex="none" onClick={() => add.addStarter(starter.name, starter.title)}>
            Add
          </Button>
        </Group>
      ))}
    </Stack>
  )
}
