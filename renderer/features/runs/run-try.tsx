import { Button, Group, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { Play, Square } from 'lucide-react'
import { Fragment, useState } from 'react'
import type { Checkpoint, DatasetRow, Prediction, Run } from '../../../core/contract/domain.ts'
import { inputRoles, type RoleInfo, readsFilesAlone, taskRoles } from '../../../core/contract/roles.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { plainAnswer, viewOf } from '../../answers/view.ts'
import { runColour } from '../../charts/palette.ts'
import { formatMeasure, seriesInfo } from '../../charts/series.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import type { Progress } from '../../client/progress.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatPercent } from '../../ui/format.ts'
import { readableKeys } from '../../ui/shortcuts.ts'
import type { Answered, ChosenFile } from './asking.ts'
import { drawnRow } from './drawn-row.ts'
import type { Which } from './export-dialog.tsx'
import classes from './run-detail.module.css'
import { NotYet } from './run-summary.tsx'
import { TriedFile, TryFile } from './try-file.tsx'
import { usePrediction } from './use-prediction.ts'

const mostLabels = 12

/** An input of one's own (a text, a picture or clip, and what else the task reads), and what the trained model makes of it. */
export function RunTry({ run }: { run: Run }) {
  const [parts, setParts] = useState<Readonly<Record<string, string>>>({})
  const [file, setFile] = useState<ChosenFile | null>(null)
  const [which, setWhich] = useState<Which>('best')
  const checkpoints = useCall('runs.checkpoints', { id: run.id }).data?.checkpoints
  const flow = usePrediction(run)

  if (checkpoints?.length === 0)
    return <NotYet>This run has no weights to try yet: it has written no checkpoint.</NotYet>
  const { task } = run.config
  const roles = inputRoles(task)
  const kind = roles.find((role) => role.file !== undefined)?.file
  const written = roles.filter((role) => role.file === undefined)
  const filled = (name: string) => (parts[name] ?? '').trim()
  const ready =
    (kind === undefined || file !== null) && written.every(({ name, optional }) => optional || filled(name) !== '')
  const predict = () => {
    if (!ready) return
    const beside = written.filter(({ name }) => name !== 'text' && filled(name) !== '')
    flow.ask({
      checkpoint: which,
      ...(!readsFilesAlone(task) && { text: parts.text ?? '' }),
      fields: Object.fromEntries(beside.map(({ name }) => [name, filled(name)])),
      file,
    })
  }
  const takeRow = (row: DatasetRow) => {
    const of = ({ name }: RoleInfo) => (name === 'text' ? row.text : (row.fields?.[name] ?? ''))
    setParts(Object.fromEntries(written.map((role) => [role.name, of(role)])))
    if (kind !== undefined) setFile(row)
  }
  return (
    <Stack
      className={classes.padded ?? ''}
      gap="md"
      maw={760}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
        event.preventDefault()
        predict()
      }}
    >
      {kind !== undefined && <TryFile kind={kind} onFile={setFile} />}
      {written.map((role) => (
        <Part
          key={role.name}
          role={role}
          task={task}
          value={parts[role.name] ?? ''}
          onChange={(value) => setParts({ ...parts, [role.name]: value })}
        />
      ))}
      <Group gap="xs">
        {flow.pending ? (
          <Button variant="default" leftSection={<Square size={14} />} onClick={flow.cancel}>
            Cancel
          </Button>
        ) : (
          <Button leftSection={<Play size={14} />} disabled={!ready} onClick={predict}>
            Predict
          </Button>
        )}
        <Text fz={12} c="dimmed">
          {flow.pending ? progressText(flow.progress) : readableKeys('Mod+Enter')}
        </Text>
        <RowButton run={run} roles={roles} onRow={takeRow} />
        <SegmentedControl
          ml="auto"
          aria-label="Checkpoint"
          data={[
            { value: 'best', label: 'Best' },
            { value: 'last', label: 'Last' },
          ]}
          value={which}
          onChange={(value) => setWhich(value as Which)}
        />
      </Group>
      <Text fz={12} c="dimmed">
        {whichText(run, which, checkpoints ?? [])}
      </Text>
      <div className={classes.trial}>
        {kind !== undefined && file !== null && <TriedFile kind={kind} file={file} run={run} />}
        <section className={classes.verdict} aria-label="What it says" aria-live="polite" aria-busy={flow.pending}>
          {flow.error !== null && <ErrorPanel error={flow.error} />}
          {/* What was said of another file would stand beside this one. */}
          {flow.answered && flow.answered.question.file === file && <Said run={run} answered={flow.answered} />}
        </section>
      </div>
    </Stack>
  )
}

interface PartProps {
  role: RoleInfo
  task: TaskName
  value: string
  onChange: (value: string) => void
}

/** One of the written parts of an input. */
function Part({ role: { name, title, help, optional }, task, value, onChange }: PartProps) {
  const label = `${title.replace(/ column$/, '')}${optional ? ' (may be empty)' : ''}`
  if (name !== 'text') {
    return (
      <TextInput
        label={label}
        placeholder={help}
        size="sm"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    )
  }
  return (
    <Textarea
      label={label}
      size="sm"
      autosize
      minRows={readsLittle.includes(task) ? 1 : 4}
      maxRows={14}
      placeholder={placeholders[task] ?? help}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

/** Tasks whose inputs are hardly ever longer than a line. */
const readsLittle: readonly TaskName[] = ['image-text-to-text', 'decision-making']

const placeholders: Readonly<Partial<Record<TaskName, string>>> = {
  'text-classification': 'Type or paste a text to classify',
  'fill-mask': 'A text with [MASK] (or <mask>, as the model has it) where words are to be guessed',
  'text-regression': 'Type or paste a text to estimate its number',
  'token-classification': 'Type or paste a text to tag its words',
  'question-answering': 'Type or paste the text that the answer stands in',
}

/** Tries a row of the dataset, any of them; nothing where inputs are no rows of it, or it is gone. */
function RowButton({ run, roles, onRow }: { run: Run; roles: readonly RoleInfo[]; onRow: (row: DatasetRow) => void }) {
  const own = taskRoles[run.config.task].map(({ name }) => name)
  const suits = roles.every(({ name }) => own.includes(name))
  const { id } = run.dataset
  const total = useCall('datasets.rows', { id, limit: 1 }, { retry: false, enabled: suits }).data?.total ?? 0
  const [taken, setTaken] = useState<number | null>(null)
  const draw = useAct('datasets.rows', {
    onSuccess({ rows: [row] }) {
      if (!row) return
      setTaken(row.row)
      onRow(row)
    },
  })
  if (!suits || total === 0) return null
  const [only] = roles
  const what = roles.length > 1 ? 'row' : only?.file === 'image' ? 'picture' : only?.file === 'audio' ? 'clip' : 'text'
  return (
    <Button
      variant="default"
      onClick={() => draw.mutate({ id, offset: drawnRow(total, taken, Math.random()), limit: 1 })}
    >
      A {what} from the dataset
    </Button>
  )
}

function progressText(progress: Progress | null): string {
  if (progress === null) return 'Waiting'
  const { label, done, total } = progress
  return total ? `${label}, ${formatPercent(done / total)}` : label
}

/** The classes with their scores; else the answer as comparisons show it. */
function Said({ run, answered: { question, labels, prediction } }: { run: Run; answered: Answered }) {
  if (prediction.label !== null) {
    return <Bars labels={labels} prediction={prediction} colour={runColour(run.colour)} />
  }
  const { answer } = prediction
  const told = { predicted: null, confidence: null, ...(answer !== undefined && { answer }) }
  const Answer = viewOf(run.config.task).Answer ?? plainAnswer(told)
  return (
    <div className={classes.answer}>
      <Answer
        run={run}
        row={{ text: (question.text ?? '').trim(), fields: { ...question.fields } }}
        prediction={told}
      />
    </div>
  )
}

/** Which weights answer: the best ones unless the last are asked for, and by which measure they are the best. */
function whichText(run: Run, which: Which, checkpoints: readonly Checkpoint[]): string {
  const found = checkpoints.find((checkpoint) => (which === 'last' ? checkpoint.last : checkpoint.best))
  if (!found) return which === 'last' ? '' : 'No checkpoint was evaluated yet: choose the last one.'
  const measure = run.config.metric_for_best_model
  const value = found.metrics[measure]
  const info = seriesInfo(measure)
  const label = info.label.charAt(0).toLowerCase() + info.label.slice(1)
  const score = value === undefined ? '' : `, ${label} ${formatMeasure(info, value)}`
  return which === 'last'
    ? `Answers with the last checkpoint, of step ${found.step}${score}.`
    : `Answers with the best checkpoint, of step ${found.step}${score}: it also is what is exported unless you choose another.`
}

function Bars({ labels, prediction, colour }: { labels: readonly string[]; prediction: Prediction; colour: string }) {
  const scored = labels
    .map((label, index) => ({ label, score: prediction.scores[index] ?? 0 }))
    .sort((one, other) => other.score - one.score)
  return (
    <Stack gap="xs">
      <Text fz={14}>
        Predicted: <b>{prediction.label}</b>
      </Text>
      <div className={classes.bars}>
        {scored.slice(0, mostLabels).map(({ label, score }) => (
          <Fragment key={label}>
            <span>{label}</span>
            <span className={classes.bar} aria-hidden>
              <div
                className={classes.fill}
                style={{ width: `${score * 100}%`, background: colour, opacity: label === prediction.label ? 1 : 0.45 }}
              />
            </span>
            <span className="tabular" style={{ textAlign: 'right' }}>
              {formatPercent(score)}
            </span>
          </Fragment>
        ))}
      </div>
      {scored.length > mostLabels && (
        <Text fz={12} c="dimmed">
          and {scored.length - mostLabels} classes below
        </Text>
      )}
    </Stack>
  )
}
