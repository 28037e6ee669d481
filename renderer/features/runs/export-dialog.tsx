import { Button, Code, CopyButton, Group, Modal, Radio, Stack, Switch, Text } from '@mantine/core'
import { useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { seriesInfo } from '../../charts/series.ts'
import { useAct, useClient } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes } from '../../ui/format.ts'

/** By what it is, or by its step. */
export type Which = 'best' | 'last' | number

export interface ExportDialogProps {
  run: Run
  /** Null: closed. */
  which: Which | null
  onClose: () => void
}

export function ExportDialog({ run, which, onClose }: ExportDialogProps) {
  return (
    <Modal opened={which !== null} onClose={onClose} title={`Export “${run.name}”`} size={520}>
      {which !== null && <ExportForm run={run} first={which} onClose={onClose} />}
    </Modal>
  )
}

function whichOf(value: string): Which {
  return value === 'best' || value === 'last' ? value : Number(value)
}

function ExportForm({ run, first, onClose }: { run: Run; first: Which; onClose: () => void }) {
  const [checkpoint, setCheckpoint] = useState<Which>(first)
  const [merge, setMerge] = useState(false)
  const act = useAct('runs.export', { quiet: true })
  const { desktop } = useClient()
  const adapter = run.config.method === 'lora'

  if (act.data) {
    const { path, bytes, files } = act.data
    return (
      <Stack gap="sm">
        <Text fz={13}>Written, {formatBytes(bytes)}:</Text>
        <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {path}
        </Code>
        <Text fz={12} c="dimmed">
          {files.join(', ')}
        </Text>
        <Group justify="flex-end" gap="xs">
          {desktop && (
            <Button variant="default" onClick={() => void desktop.showItem(path)}>
              Show in its folder
            </Button>
          )}
          <CopyButton value={path}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy the path'}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    )
  }

  return (
    <Stack gap="md">
      <Radio.Group label="Checkpoint" value={String(checkpoint)} onChange={(value) => setCheckpoint(whichOf(value))}>
        <Stack gap={6} mt={6}>
          <Radio
            size="xs"
            value="best"
            label={`Best, by ${seriesInfo(run.config.metric_for_best_model).label.toLowerCase()}`}
          />
          <Radio size="xs" value="last" label="Last" />
          {typeof first === 'number' && <Radio size="xs" value={String(first)} label={`Step ${first}`} />}
        </Stack>
      </Radio.Group>
      {adapter && (
        <Switch
          label="Merge the adapter into the base model"
          description="Off: an adapter folder that peft loads onto the base model. On: a whole model folder."
          checked={merge}
          onChange={(event) => setMerge(event.currentTarget.checked)}
        />
      )}
      <Text fz={12} c="dimmed">
        {adapter && !merge
          ? 'A folder with adapter_config.json and adapter_model.safetensors.'
          : 'A folder with config.json, model.safetensors and the tokenizer, as transformers loads it.'}
      </Text>
      {act.error && <ErrorPanel error={act.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={act.isPending} onClick={() => act.mutate({ id: run.id, checkpoint, merge })}>
          Export
        </Button>
      </Group>
    </Stack>
  )
}
