import { Button, Group, SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { Play } from 'lucide-react'
import { Fragment, useState } from 'react'
import { answerInText, filledWords, taggedWords } from '../../../core/contract/answers.ts'
import type { Checkpoint, Prediction, Run } from '../../../core/contract/domain.ts'
import { readBeside } from '../../../core/contract/roles.ts'
import type { TaskName } from '../../../core/contract/settings.ts'
import { runColour } from '../../charts/palette.ts'
import { seriesInfo } from '../../charts/series.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatNumber, formatPercent } from '../../ui/format.ts'
import { MarkedText } from '../../ui/marked-text.tsx'
import { readableKeys } from '../../ui/shortcuts.ts'
import type { Which } from './export-dialog.tsx'
import classes from './run-detail.module.css'
import { NotYet } from './run-summary.tsx'

const mostLabels = 12

/** A text of one's own, and what the trained model makes of it. */
export function RunTry({ run }: { run: Run }) {
  const [text, setText] = useState('')
  const [beside, setBeside] = useState<Readonly<Record<string, string>>>({})
  const [which, setWhich] = useState<Which>('best')
  const checkpoints = useCall('runs.checkpoints', { id: run.id }).data?.checkpoints
  const rows = useCall('datasets.rows', { id: run.dataset.id, limit: 20 }, { retry: false }).data?.rows
  const act = useAct('runs.predict', { quiet: true })

  if (checkpoints?.length === 0)
    return <NotYet>This run has no weights to try yet: it has written no checkpoint.</NotYet>
  const { task } = run.config
  const roles = readBeside(task)
  const ready = text.trim() !== '' && roles.every(({ name }) => (beside[name] ?? '').trim() !== '')
  const predict = () => {
    if (!ready || act.isPending) return
    const fields = roles.length > 0 ? { fields: [{ ...beside }] } : {}
    act.mutate({ id: run.id, checkpoint: which, texts: [text], ...fields })
  }
  const example = () => {
    const others = rows?.filter((row) => row.text !== text) ?? []
    const row = others[Math.floor(Math.random() * others.length)]
    if (!row) return
    setText(row.text)
    setBeside(Object.fromEntries(roles.map(({ name }) => [name, row.fields?.[name] ?? ''])))
  }
  const prediction = act.data?.predictions[0]
  return (
    <Stack className={classes.padded ?? ''} gap="md" maw={760}>
      {roles.map(({ name, help }) => (
        <TextInput
          key={name}
          label={name.charAt(0).toUpperCase() + name.slice(1)}
          placeholder={help}
          size="sm"
          value={beside[name] ?? ''}
          onChange={(event) => setBeside({ ...beside, [name]: event.currentTarget.value })}
        />
      ))}
      <Textarea
        label="Text"
        size="sm"
        autosize
        minRows={4}
        maxRows={14}
        placeholder={placeholders[task] ?? 'Type or paste a text to classify'}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) predict()
        }}
      />
      <Group gap="xs">
        <Button leftSection={<Play size={14} />} loading={act.isPending} disabled={!ready} onClick={predict}>
          Predict
        </Button>
        <Text fz={12} c="dimmed">
          {readableKeys('Mod+Enter')}
        </Text>
        {rows && rows.length > 0 && (
          <Button variant="default" onClick={example}>
            A text from the dataset
          </Button>
        )}
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
      <div aria-live="polite">
        {act.error && <ErrorPanel error={act.error} />}
        {act.data && prediction?.label != null && (
          <Bars labels={act.data.labels} prediction={prediction} colour={runColour(run.colour)} />
        )}
        {act.variables && prediction?.label === null && (
          <SaidWords task={task} text={act.variables.texts[0] ?? ''} answer={prediction.answer ?? ''} />
        )}
      </div>
    </Stack>
  )
}

const placeholders: Readonly<Partial<Record<TaskName, string>>> = {
  'fill-mask': 'A text with [MASK] (or <mask>, as the model has it) where words are to be guessed',
  'text-regression': 'Type or paste a text to estimate its number',
  'token-classification': 'Type or paste a text to tag its words',
  'question-answering': 'Type or paste the text that the answer stands in',
}

/** What a run says of the words of a text, or the number that it makes of it. */
function SaidWords({ task, text, answer }: { task: TaskName; text: string; answer: string }) {
  if (task === 'token-classification') return <MarkedText parts={taggedWords(text.trim(), answer)} />
  if (task === 'question-answering') return <MarkedText parts={answerInText(text, answer, undefined, 400)} />
  if (task !== 'fill-mask') {
    return (
      <Text fz={14}>
        Estimated: <b>{answer}</b>
      </Text>
    )
  }
  const filled = filledWords(answer)
  if (filled.length === 0) return <Text fz={14}>The text hides no word: put the model’s own mask token into it.</Text>
  return (
    <Stack gap="xs">
      {filled.map((parts, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a hidden word is known by its place
        <div key={i}>
          <MarkedText parts={parts} />
          <Text fz={12} c="dimmed">
            {parts.find(({ details }) => details)?.details}
          </Text>
        </div>
      ))}
    </Stack>
  )
}

/** Which weights answer: the best ones unless the last are asked for, and by which measure they are the best. */
function whichText(run: Run, which: Which, checkpoints: readonly Checkpoint[]): string {
  const found = checkpoints.find((checkpoint) => (which === 'last' ? checkpoint.last : checkpoint.best))
  if (!found) return which === 'last' ? '' : 'No checkpoint was evaluated yet: choose the last one.'
  const measure = run.config.metric_for_best_model
  const value = found.metrics[measure]
  const score = value === undefined ? '' : `, ${seriesInfo(measure).label.toLowerCase()} ${formatNumber(value)}`
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
