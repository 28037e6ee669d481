import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  SegmentedControl,
  Stack,
  Switch,
  TagsInput,
  Text,
  Textarea,
} from '@mantine/core'
import { Play, Plus, Square, X } from 'lucide-react'
import { useState } from 'react'
import type { Run } from '../../../core/contract/domain.ts'
import { type FinishReason, type GeneratedText, generationOptionsSchema } from '../../../core/contract/generation.ts'
import { answeringTasks, outputTasks } from '../../../core/contract/settings.ts'
import { useAct, useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { plural } from '../../ui/format.ts'
import { readableKeys } from '../../ui/shortcuts.ts'
import type { Which } from './export-dialog.tsx'
import classes from './run-detail.module.css'
import { NotYet } from './run-summary.tsx'

const usual = generationOptionsSchema.parse({})
/** Fields for texts at most; more are for the command line. */
const mostPrompts = 8

/** How a text came to its end, as a person reads it. */
const reasons: Readonly<Record<FinishReason, string>> = {
  end: 'the model ended it',
  stop: 'a stop string came up',
  max_new_tokens: 'as many tokens as asked for',
  max_positions: 'the model has no position left',
  cancelled: 'cancelled',
}

type NumberName = 'max_new_tokens' | 'num_beams' | 'temperature' | 'top_p' | 'top_k' | 'repetition_penalty' | 'seed'

/** Texts of one's own, and how the trained model goes on with them, word by word, or what it makes out of them. */
export function RunWrite({ run }: { run: Run }) {
  const [prompts, setPrompts] = useState<readonly string[]>([''])
  const [which, setWhich] = useState<Which>('best')
  const [options, setOptions] = useState(usual)
  const checkpoints = useCall('runs.checkpoints', { id: run.id }).data?.checkpoints
  const start = useAct('generations.start', { quiet: true })
  const cancel = useAct('generations.cancel')
  const id = start.data?.generation.id
  const known = useCall('generations.get', { id: id ?? '' }, { enabled: id !== undefined })
  const generation = known.data?.generation ?? start.data?.generation
  const writing = start.isPending || (generation !== undefined && !generation.ended)

  if (checkpoints?.length === 0)
    return <NotYet>This run has no weights to try yet: it has written no checkpoint.</NotYet>
  const write = () => {
    if (!writing) start.mutate({ run: run.id, checkpoint: which, prompts: [...prompts], options })
  }
  const change = (changed: Partial<typeof options>) => {
    const next = generationOptionsSchema.safeParse({ ...options, ...changed })
    if (next.success) setOptions(next.data)
  }
  const number = (name: NumberName, label: string, step: number, least: number, disabled = false) => (
    <NumberInput
      label={label}
      w={104}
      step={step}
      min={least}
      value={options[name]}
      disabled={disabled}
      onChange={(value) => value !== '' && change({ [name]: Number(value) })}
    />
  )
  const likeliest = !options.do_sample
  const apart = outputTasks.includes(run.config.task)
  const answers = answeringTasks.includes(run.config.task)
  const [label, one, placeholder] = wordsFor(apart, answers)
  const between = apart ? ' → ' : answers ? '\n' : ''
  const error = start.error ?? generation?.error
  return (
    <Stack className={classes.padded ?? ''} gap="md" maw={760}>
      {prompts.map((prompt, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a field is known by its place
        <Group key={at} gap="xs" align="flex-start" wrap="nowrap">
          <Textarea
            flex={1}
            label={prompts.length === 1 ? label : `${label} ${at + 1}`}
            size="sm"
            autosize
            minRows={prompts.length === 1 ? 3 : 1}
            maxRows={10}
            placeholder={placeholder}
            value={prompt}
            onChange={(event) => setPrompts(prompts.with(at, event.currentTarget.value))}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) write()
            }}
          />
          {prompts.length > 1 && (
            <ActionIcon
              mt={24}
              aria-label={`Take out ${one} ${at + 1}`}
              onClick={() => setPrompts(prompts.toSpliced(at, 1))}
            >
              <X size={14} />
            </ActionIcon>
          )}
        </Group>
      ))}
      {prompts.length < mostPrompts && (
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<Plus size={13} />}
          style={{ alignSelf: 'flex-start' }}
          onClick={() => setPrompts([...prompts, ''])}
        >
          Another {one}
        </Button>
      )}
      <Group gap="sm" align="flex-end">
        {number('max_new_tokens', 'Tokens at most', 16, 1)}
        {apart && number('num_beams', 'Beams', 1, 1)}
        {!apart && number('repetition_penalty', 'Repeat penalty', 0.1, 0.1)}
        {!apart && (
          <TagsInput
            label="Stop at"
            placeholder={options.stop_strings.length === 0 ? 'Type and press Enter' : ''}
            flex={1}
            miw={180}
            value={options.stop_strings}
            onChange={(stop_strings) => change({ stop_strings })}
          />
        )}
      </Group>
      {!apart && (
        <Group gap="sm" align="flex-end">
          <Switch
            label="Draw at random"
            description="Off: always the likeliest token"
            checked={options.do_sample}
            onChange={(event) => change({ do_sample: event.currentTarget.checked })}
            mr="sm"
          />
          {number('temperature', 'Temperature', 0.1, 0.1, likeliest)}
          {number('top_k', 'Top k', 10, 0, likeliest)}
          {number('top_p', 'Top p', 0.05, 0.05, likeliest)}
          {number('seed', 'Seed', 1, 0, likeliest)}
        </Group>
      )}
      <Group gap="xs">
        {writing ? (
          <Button
            variant="default"
            leftSection={<Square size={14} />}
            disabled={id === undefined}
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
      {error && <ErrorPanel error={error} title="It could not be written" />}
      {!error && generation && (
        <section aria-label="What it wrote" aria-busy={writing}>
          <Stack gap="md">
            {generation.texts.map((text, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a text is known by its place
              <WrittenText key={at} text={text} between={between} writing={!generation.ended} />
            ))}
          </Stack>
        </section>
      )}
    </Stack>
  )
}

interface WrittenTextProps {
  text: GeneratedText
  /** What parts it from what it was made out of; nothing where it goes on with it. */
  between: string
  writing: boolean
}

function WrittenText({ text: { prompt, text, tokens, reason }, between, writing }: WrittenTextProps) {
  const open = reason === null && writing
  return (
    <div>
      <Text fz={14} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }} aria-live="polite" aria-busy={open}>
        <Text span inherit c="dimmed">
          {prompt}
          {between}
        </Text>
        {text}
        {open && '▍'}
      </Text>
      <Text fz={12} c="dimmed" mt={4}>
        {open ? 'Writing …' : `${plural(tokens, 'token')}; ${reasons[reason ?? 'cancelled']}.`}
      </Text>
    </div>
  )
}

/** What a field is called, what stands in it, and what stands there while it is empty. */
function wordsFor(apart: boolean, answers: boolean): [label: string, one: string, placeholder: string] {
  if (apart) return ['Text', 'text', 'Type what the model is to make another text of']
  if (answers) return ['You', 'question', 'Ask for something; the model answers by its chat template']
  return ['Beginning', 'beginning', 'Type how the text begins; left empty, the model begins by itself']
}
