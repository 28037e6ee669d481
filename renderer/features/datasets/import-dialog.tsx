import { Button, Group, Modal, Progress, Stack, Text } from '@mantine/core'
import type { Dataset } from '../../../core/contract/domain.ts'
import { taskTitles } from '../../../core/contract/settings.ts'
import { useCall, useClient } from '../../client/hooks.ts'
import { DropZone } from '../../ui/drop-zone.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatPercent } from '../../ui/format.ts'
import { PreviewForm } from './preview-form.tsx'
import type { ImportFlow } from './use-import.ts'

export interface ImportDialogProps {
  flow: ImportFlow
  opened: boolean
  onClose: () => void
  onImported: (dataset: Dataset) => void
}

/** Choose a file → upload → preview with columns → import. Closing it at any point cancels what is under way. */
export function ImportDialog({ flow, opened, onClose, onImported }: ImportDialogProps) {
  const { stage } = flow
  const close = () => {
    flow.reset()
    onClose()
  }
  return (
    <Modal
      opened={opened}
      onClose={close}
      size={stage.at === 'preview' ? 1080 : 620}
      title={stage.at === 'preview' ? `Import ${stage.fileName}` : 'Import a dataset'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {stage.at === 'choose' && <Choose flow={flow} />}
      {stage.at === 'uploading' && (
        <Stack gap="sm" py="md">
          <Text fz={13}>
            Reading {stage.fileName}: {formatPercent(stage.share, 0)}
          </Text>
          <Progress value={stage.share * 100} aria-label="Upload" />
          <Group justify="flex-end">
            <Button variant="default" onClick={flow.reset}>
              Cancel
            </Button>
          </Group>
        </Stack>
      )}
      {stage.at === 'preview' && (
        <PreviewForm
          key={stage.task}
          source={stage.source}
          task={stage.task}
          {...(stage.aim && { aim: stage.aim })}
          onBack={flow.reset}
          onImported={(dataset) => {
            flow.reset()
            onImported(dataset)
          }}
        />
      )}
    </Modal>
  )
}

function Choose({ flow }: { flow: ImportFlow }) {
  const { desktop } = useClient()
  const info = useCall('app.info', {})
  const samples = info.data?.samples.filter((sample) => sample.available) ?? []
  return (
    <Stack gap="md">
      {flow.error !== null && <ErrorPanel error={flow.error} title="The file could not be read" />}
      <DropZone
        title="Drop a CSV or JSONL file here"
        hint="One row a line; what its columns are is chosen next. It is copied; your file stays as it is."
        accept=".csv,.tsv,.txt,.jsonl,.ndjson,.json"
        onFiles={(files) => files[0] && flow.takeFile(files[0])}
        {...(desktop && { onChoose: flow.openDialog })}
      />
      <DropZone
        title="Or choose a folder of pictures or clips"
        hint="PNG, JPEG or WAV files, in a folder a class, or with a table that names them."
        button="Choose a folder"
        folder
        onFiles={flow.takeFolder}
        {...(desktop && { onChoose: flow.openFolderDialog })}
      />
      {samples.map((sample) => (
        <Group key={sample.name} justify="space-between" wrap="nowrap" gap="md">
          <div>
            <Text fz={13} fw={500}>
              {sample.title}
              <Text span c="dimmed" fz={12} fw={400} ml={8}>
                {taskTitles[sample.task]}
              </Text>
            </Text>
            <Text fz={12} c="dimmed">
              {sample.description} {sample.licence}.
            </Text>
          </div>
          <Button
            variant="default"
            flex="none"
            aria-label={`Preview the sample “${sample.title}”`}
            onClick={() => flow.takeSample(sample)}
          >
            Preview
          </Button>
        </Group>
      ))}
    </Stack>
  )
}
