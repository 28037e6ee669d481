import { Button, Group, NumberInput, SegmentedControl, Stack, Switch, Text, Textarea } from '@mantine/core'
import { Play, Square } from 'lucide-react'
import { useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { type FinishReason, generationOptionsSchema } from '../../../core/contract/generation.ts'
import { answeringTasks, outputTasks } from '../../../core/contract/settings.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { plural } from '../../ui/format.ts'
import { readableKeys } from '../../ui/shortcuts.ts'
import type { Which } from './export-dialog.tsx'
import classes from './run-detail.module.css'
import { NotYet } from './run-summary.tsx'

const usual = generationOptionsSchema.parse({})

/** How a text came to its end, as a person reads it. */
const reasons: Readonly<Record<FinishReason, string>> = {
  end: 'the model ended it',
  stop: 'a stop string came up',
  max_new_tokens: 'as many tokens as asked for',
  max_positions: 'the model has no position left',
  cancelled: 'cancelled',
}

/** A text of one's own, and how the trained model goes on with it, word by word, or what it makes out of it. */
export function RunWrite({ run }: { run: Run }) {
  const [prompt, setPrompt] = useState('')
  const [which, setWhich] = useState<Which>('best')
  const [options, setOptions] = useState(usual)
  const checkpoints = useCall('runs.checkpoints', { id: run.id }).data?.checkpoints
  const start = useAct('generations.start', { quiet: true })
  const cancel = useAct('generations.cancel')
  const id = start.data?.generation.id
  const generation = useCall('generations.get', { id: id ?? '' }, { enabled: id !== undefined }).data?.generation
  const writing = start.isPending || (generation !== undefined && !generation.ended)

  if (checkpoints?.length === 0)
    return <NotYet>This run has no weights to try yet: it has written no checkpoint.</NotYet>
  const write = () => {
    if (!writing) start.mutate({ run: run.id, checkpoint: which, prompts: [prompt], options })
  }
  const number = (
    name: 'max_new_tokens' | 'num_beams' | 'temperature' | 'top_p' | 'top_k' | 'seed',
    label: string,
    step: number,
  ) => (
    <NumberInput
      label={label}
      size="xs"
      w={110}
      step={step}
      min={name === 'top_k' || name === 'seed' ? 0 : step}
      value={options[name]}
      disabled={!options.do_sample && name !== 'max_new_tokens' && name !== 'num_beams'}
      onChange={(value) => {
        const next = generationOptionsSchema.safeParse({ ...options, [name]: Number(value) })
        if (next.success) setOptions(next.data)
      }}
    />
  )
  const text = generation?.texts[0]
  const apart = outputTasks.includes(run.config.task)
  const answers = answeringTasks.includes(run.config.task)
  const [label, placeholder] = wordsFor(apart, answers)
  return (
    <Stack className={classes.padded ?? ''} gap="md" maw={760}>
      <Textarea
        label={label}
        size="sm"
        autosize
        minRows={3}
        maxRows={10}
        placeholder={placeholder}
        value={prompt}
        onChange={(event) => setPrompt(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) write()
        }}
      />
      <Group gap="xl" align="flex-end">
        {number('max_new_tokens', 'Tokens at most', 16)}
        {apart ? (
          number('num_beams', 'Beams', 1)
        ) : (
          <Switch
            label="Draw at random"
            description="Off: always the likeliest token"
            checked={options.do_sample}
            onChange={(event) => setOptions({ ...options, do_sample: event.currentTarget.checked })}
          />
        )}
      </Group>
      {!apart && (
        <Group gap="sm">
          {number('temperature', 'Temperature', 0.1)}
          {number('top_k', 'Top k', 10)}
          {number('top_p', 'Top p', 0.05)}
          {number('seed', 'Seed', 1)}
        </Group>
      )}
      <Group gap="xs">
        {writing ? (
          <Button
            variant="default"
            leftSection={<Square size={14} />}
            onClick={() => id !== undefined && cancel.mutate({ id })}
          >
            Cancel
          </Button>
        ) : (
          <Button leftSection={<Play size={14} />} onClick={write}>
            Write
          </Button>
        )}
        <Text fz={12} c="dimmed">
          {readableKeys('Mod+Enter')}
        </Text>
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
      {(start.error ?? generation?.error) && <ErrorPanel error={start.error ?? generation?.error} />}
      {text && (
        <section aria-label="What it wrote">
          <Text fz={14} style={{ whiteSpace: 'pre-wrap' }} aria-live="polite" aria-busy={writing}>
            {!apart && (
              <Text span inherit c="dimmed">
                {text.prompt}
              </Text>
            )}
            {text.text}
            {writing && '▍'}
          </Text>
          <Text fz={12} c="dimmed" mt={6}>
            {text.reason === null ? 'Writing …' : `${plural(text.tokens, 'token')}; ${reasons[text.reason]}.`}
          </Text>
        </section>
      )}
    </Stack>
  )
}

/** What the field is called, and what stands in it while it is empty. */
function wordsFor(apart: boolean, answers: boolean): [label: string, placeholder: string] {
  if (apart) return ['Text', 'Type what the model is to make another text of']
  if (answers) return ['You', 'Ask for something; the model answers by its chat template']
  return ['Beginning', 'Type how the text begins; left empty, the model begins by itself']
}
