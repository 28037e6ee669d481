import {
  Button,
  Checkbox,
  Group,
  Modal,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useState } from 'react'
import type { Model } from '../../../core/contract/domain.ts'
import { blueprints, type PresetName, presetNames, type SizeField } from '../../../core/contract/presets.ts'
import { type TokenizerKind, tokenizerKinds, tokenizerTitles } from '../../../core/contract/tokenizers.ts'
import { useCall } from '../../client/hooks.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { formatCount } from '../../ui/format.ts'
import { blueprintOf, type CreateDraft, emptyCreateDraft, readCreateDraft, withArchitecture } from './create-draft.ts'
import { UnderWay } from './under-way.tsx'
import { useCreateModel } from './use-create-model.ts'

export interface CreateDialogProps {
  opened: boolean
  onClose: () => void
  models: readonly Model[]
  onCreated: (model: Model) => void
}

export function CreateDialog({ opened, onClose, models, onCreated }: CreateDialogProps) {
  const making = useCreateModel(onCreated)
  const [draft, setDraft] = useState(emptyCreateDraft)
  const { input, parameters, problem } = readCreateDraft(draft, models)
  const close = () => {
    making.cancel()
    onClose()
  }
  return (
    <Modal
      opened={opened}
      onClose={close}
      size={620}
      title="Create a model from scratch"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {making.busy !== null ? (
        <UnderWay what={making.busy} share={making.share} onCancel={making.cancel} />
      ) : (
        <Stack gap="md">
          {making.error !== null && <ErrorPanel error={making.error} title="The model was not made" />}
          <Shape draft={draft} onChange={setDraft} />
          {blueprintOf(draft.architecture).frame !== null && (
            <TokenizerChoice draft={draft} onChange={setDraft} models={models} />
          )}
          <SimpleGrid cols={2}>
            <TextInput
              label="Name"
              placeholder={`${blueprintOf(draft.architecture).title} ${draft.size}`}
              maxLength={200}
              value={draft.name}
              onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
            />
            <TextInput
              label="Seed"
              inputMode="numeric"
              value={draft.seed}
              onChange={(event) => setDraft({ ...draft, seed: event.currentTarget.value })}
            />
          </SimpleGrid>
          <Group justify="space-between" wrap="nowrap">
            <Text fz={13} c="dimmed" aria-live="polite">
              {parameters !== null && `${formatCount(parameters)} parameters. `}
              {problem}
            </Text>
            <Button flex="none" disabled={input === null} onClick={() => input && making.create(input)}>
              Create
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  )
}

interface PartProps {
  draft: CreateDraft
  onChange: (draft: CreateDraft) => void
}

/** Architecture and size. */
function Shape({ draft, onChange }: PartProps) {
  const blueprint = blueprintOf(draft.architecture)
  return (
    <>
      <Select
        label="Architecture"
        description={blueprint.help}
        data={Object.entries(blueprints).map(([value, { title }]) => ({ value, label: title }))}
        value={draft.architecture}
        allowDeselect={false}
        onChange={(value) => value && onChange(withArchitecture(draft, value))}
      />
      <SegmentedControl
        aria-label="Size"
        data={[...presetNames]}
        value={draft.size}
        onChange={(value) => onChange({ ...draft, size: value as PresetName, typed: {} })}
      />
      <SimpleGrid cols={3}>
        {blueprint.fields.map((field) => (
          <SizeEntry
            key={field.name}
            field={field}
            usual={String(blueprint.presets[draft.size][field.name])}
            entered={draft.typed[field.name] ?? ''}
            onChange={(text) => onChange({ ...draft, typed: { ...draft.typed, [field.name]: text } })}
          />
        ))}
      </SimpleGrid>
    </>
  )
}

interface SizeEntryProps {
  field: SizeField
  /** The preset's. */
  usual: string
  entered: string
  onChange: (text: string) => void
}

function SizeEntry({ field: { title, choices }, usual, entered, onChange }: SizeEntryProps) {
  if (choices) {
    return (
      <Select
        label={title}
        data={choices.map((choice) => ({ value: String(choice), label: choiceText(choice) }))}
        value={entered === '' ? usual : entered}
        allowDeselect={false}
        onChange={(value) => onChange(value ?? '')}
      />
    )
  }
  return (
    <TextInput
      label={title}
      inputMode="numeric"
      placeholder={usual}
      value={entered}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

function choiceText(choice: string | boolean | number): string {
  if (typeof choice !== 'boolean') return String(choice)
  return choice ? 'yes' : 'no'
}

function TokenizerChoice({ draft, onChange, models }: PartProps & { models: readonly Model[] }) {
  const datasets = useCall('datasets.list', {}).data?.datasets ?? []
  return (
    <>
      <SegmentedControl
        aria-label="Tokenizer"
        data={[
          { value: 'dataset', label: 'Learn tokens from a dataset' },
          { value: 'model', label: 'Take the tokenizer of a model' },
        ]}
        value={draft.from}
        onChange={(value) => onChange({ ...draft, from: value as CreateDraft['from'] })}
      />
      {draft.from === 'model' ? (
        <Select
          label="Model"
          data={models
            .filter(({ tokenizerHash }) => tokenizerHash !== '')
            .map(({ id, name }) => ({ value: id, label: name }))}
          value={draft.model}
          onChange={(model) => onChange({ ...draft, model })}
        />
      ) : (
        <>
          <Select
            label="Dataset"
            data={datasets.map(({ id, name }) => ({ value: id, label: name }))}
            value={draft.dataset}
            onChange={(dataset) => onChange({ ...draft, dataset })}
          />
          <SimpleGrid cols={2}>
            <Select
              label="Kind of tokens"
              data={tokenizerKinds.map((value) => ({ value, label: tokenizerTitles[value] }))}
              value={draft.kind}
              allowDeselect={false}
              onChange={(kind) => kind && onChange({ ...draft, kind: kind as TokenizerKind })}
            />
            <TextInput
              label="Tokens at most"
              inputMode="numeric"
              value={draft.vocabSize}
              onChange={(event) => onChange({ ...draft, vocabSize: event.currentTarget.value })}
            />
          </SimpleGrid>
          {draft.kind === 'wordpiece' && (
            <Checkbox
              label="Make capital letters small and drop accents"
              checked={draft.lowercase}
              onChange={(event) => onChange({ ...draft, lowercase: event.currentTarget.checked })}
            />
          )}
        </>
      )}
    </>
  )
}
