import { Button, Group, Progress, Select, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core'
import { keepPreviousData } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import type { Dataset, PartialMapping, Preview, Source } from '../../../core/contract/domain.ts'
import { taskRoles } from '../../../core/contract/roles.ts'
import { type TaskName, tasks, taskTitles } from '../../../core/contract/settings.ts'
import { useAct, useCall, useClient } from '../../client/hooks.ts'
import { useProgress } from '../../client/progress.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatBytes, formatCount, plural } from '../../ui/format.ts'
import { ClassBars } from './class-bars.tsx'
import {
  delimiterName,
  formatNames,
  mappingDoubts,
  mappingOf,
  mappingProblem,
  nameFromFile,
  previewClasses,
} from './columns.ts'
import styles from './datasets.module.css'
import { PreviewTable } from './preview-table.tsx'
import { ProblemList } from './problem-list.tsx'

const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']
const delimiters = [',', ';', '\t', '|']

export interface PreviewFormProps {
  source: Source
  /** What progress is announced under. */
  task: string
  /** What the data is for, to begin with. */
  aim?: TaskName
  onBack: () => void
  onImported: (dataset: Dataset) => void
}

interface Reading {
  encoding?: string
  delimiter?: string
}

export function PreviewForm({ source, task, aim, onBack, onImported }: PreviewFormProps) {
  const [reading, setReading] = useState<Reading>({})
  const preview = useCall(
    'datasets.preview',
    { source, ...reading },
    { staleTime: Number.POSITIVE_INFINITY, retry: false, placeholderData: keepPreviousData },
  )
  if (preview.error) {
    return (
      <Stack>
        <ErrorPanel error={preview.error} title="The file could not be read" />
        <Group justify="flex-end">
          <Select
            aria-label="Encoding"
            placeholder="Read it in another encoding…"
            data={encodings}
            value={reading.encoding ?? null}
            onChange={(encoding) => encoding !== null && setReading({ ...reading, encoding })}
            w={230}
          />
          {(reading.encoding || reading.delimiter) && (
            <Button variant="default" onClick={() => setReading({})}>
              Back to what was detected
            </Button>
          )}
          <Button onClick={onBack}>Choose another file</Button>
        </Group>
      </Stack>
    )
  }
  if (!preview.data) return <Text c="dimmed">Looking at the first rows…</Text>
  return (
    <Loaded
      preview={preview.data}
      reading={reading}
      onReading={setReading}
      {...{ source, task, onBack, onImported }}
      aim={aim ?? preview.data.suggested ?? 'text-classification'}
    />
  )
}

interface LoadedProps extends Required<PreviewFormProps> {
  preview: Preview
  reading: Reading
  onReading: (reading: Reading) => void
}

function Loaded({ preview, reading, onReading, source, task, aim: first, onBack, onImported }: LoadedProps) {
  const client = useClient()
  const [chosen, setChosen] = useState<PartialMapping>({})
  const [aim, setAim] = useState<TaskName>(first)
  const [name, setName] = useState('')
  const [skip, setSkip] = useState(true)
  // The call itself cannot be called back: what arrives after a cancel is removed again.
  const cancelled = useRef(false)
  useEffect(
    () => () => {
      cancelled.current = true
    },
    [],
  )
  const act = useAct('datasets.import', {
    quiet: true,
    onSuccess: ({ dataset }) => {
      if (cancelled.current) void client.call('datasets.delete', { id: dataset.id })
      else onImported(dataset)
    },
  })
  const progress = useProgress(act.isPending ? task : null)
  const mapping = mappingOf(preview, chosen, aim)
  const problem = mappingProblem(preview, mapping, aim)
  const doubts = mappingDoubts(preview, mapping, aim)
  const classes = previewClasses(preview, mapping.label)
  const columns = preview.columns.map((column) => column.name)

  const start = () => {
    cancelled.current = false
    act.mutate({
      source,
      task: aim,
      // An optional part that was taken out is not to be guessed.
      mapping: { ...Object.fromEntries(Object.entries(chosen).filter(([, column]) => column === '')), ...mapping },
      onBadRows: skip ? 'skip' : 'stop',
      ...reading,
      ...(name.trim() && { name }),
    })
  }
  const back = () => {
    cancelled.current = true
    onBack()
  }

  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 2, md: 6 }} spacing="sm">
        <Select
          label="Task"
          description="What it is for."
          data={tasks.map((value) => ({ value, label: taskTitles[value] }))}
          value={aim}
          allowDeselect={false}
          onChange={(value) => value !== null && setAim(value as TaskName)}
        />
        {taskRoles[aim].map(({ name: role, title, help, optional = false }) => (
          <Select
            key={role}
            label={title}
            description={help}
            data={columns}
            value={mapping[role] ?? null}
            placeholder={optional ? 'none' : undefined}
            clearable={optional}
            allowDeselect={optional}
            onChange={(value) => (value !== null || optional) && setChosen({ ...chosen, [role]: value ?? '' })}
          />
        ))}
        <TextInput
          label="Name"
          description="What it is called here."
          maxLength={200}
          placeholder={nameFromFile(preview.fileName)}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {preview.format !== 'folder' && (
          <Select
            label="Encoding"
            description="How letters are stored."
            data={[...new Set([preview.encoding, ...encodings])]}
            value={reading.encoding ?? preview.encoding}
            allowDeselect={false}
            onChange={(encoding) => encoding !== null && onReading({ ...reading, encoding })}
          />
        )}
        {preview.delimiter !== undefined && (
          <Select
            label="Delimiter"
            description="What parts the columns."
            data={[...new Set([preview.delimiter, ...delimiters])].map((value) => ({
              value,
              label: delimiterName(value),
            }))}
            value={reading.delimiter ?? preview.delimiter}
            allowDeselect={false}
            onChange={(delimiter) => delimiter !== null && onReading({ ...reading, delimiter })}
          />
        )}
      </SimpleGrid>

      <Text fz={12} c="dimmed">
        {formatNames[preview.format]}, {formatBytes(preview.bytes)}.{' '}
        {preview.complete
          ? `${plural(preview.scanned, 'row')} in all.`
          : `The first ${formatCount(preview.scanned)} rows were looked at.`}
      </Text>

      <PreviewTable preview={preview} mapping={mapping} task={aim} />
      {classes.length > 0 && (
        <div>
          <Text fz={12} c="dimmed" mb={4}>
            Classes among the {plural(preview.rows.length, 'row')} shown
          </Text>
          <ClassBars classes={classes} />
        </div>
      )}
      {(preview.problemCount > 0 || doubts.length > 0) && (
        <section className={styles.caution} aria-label="Before it is imported">
          {doubts.map((doubt) => (
            <Text fz={13} key={doubt}>
              {doubt}
            </Text>
          ))}
          {preview.problemCount > 0 && (
            <>
              <Text fz={13} fw={600} my={4}>
                {plural(preview.problemCount, 'row')} cannot be read
              </Text>
              <ProblemList problems={preview.problems} total={preview.problemCount} />
            </>
          )}
          <Switch
            mt="sm"
            label="Leave rows out that cannot be used (otherwise the import stops at the first)"
            checked={skip}
            onChange={(event) => setSkip(event.currentTarget.checked)}
          />
        </section>
      )}
      {act.error && <ErrorPanel error={act.error} title="Nothing was imported" />}

      <Group justify="flex-end" gap="sm">
        {act.isPending ? (
          <div style={{ flex: 1 }} aria-live="polite">
            <Text fz={12} c="dimmed">
              {progress ? `${progress.label}: ${progressText(progress.done, progress.total)}` : 'Importing…'}
            </Text>
            <Progress
              value={progress?.total ? (100 * progress.done) / progress.total : 100}
              animated={!progress?.total}
              aria-label="Import"
            />
          </div>
        ) : (
          problem !== null && (
            <Text fz={13} c="var(--attune-bad)" style={{ flex: 1 }} role="status">
              {problem}
            </Text>
          )
        )}
        <Button variant="default" onClick={back}>
          Cancel
        </Button>
        <Button onClick={start} loading={act.isPending} disabled={problem !== null} data-autofocus>
          Import
        </Button>
      </Group>
    </Stack>
  )
}

function progressText(done: number, total: number | null): string {
  return total ? `${Math.floor((100 * done) / total)} %` : formatCount(done)
}
