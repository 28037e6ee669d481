import { MultiSelect, Select, Switch, TextInput } from '@mantine/core'
import { ChevronDown, ChevronUp } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import { usualTargets } from '../../../core/contract/architectures.ts'
import type { Model } from '../../../core/contract/domain.ts'
import { type Field, placeholderOf, readNumber, stepped, writeNumber } from './field.ts'
import styles from './train.module.css'
import { useDraft } from './use-draft.ts'

export interface SettingFieldProps {
  field: Field
  problem: string | undefined
  /** For the names of its layers. */
  model: Model | undefined
}

/** Characters: as a run can be renamed to. */
const longestText = 200

/** One setting, entered as its schema says. Left empty it takes its default, which stands there in grey. */
export function SettingField({ field, problem, model }: SettingFieldProps) {
  const { draft, type } = useDraft()
  const entered = draft.typed[field.name]
  const { input } = field
  const shared = {
    label: field.label,
    description: field.help,
    error: problem,
    descriptionProps: { fz: 11.5, lh: 1.4 },
    placeholder: placeholderOf(field, draft.method, model),
    inputWrapperOrder: ['label', 'input', 'error', 'description'] as ('label' | 'input' | 'error' | 'description')[],
  }
  if (input.kind === 'choice') {
    return (
      <Select
        {...shared}
        data={[...input.options]}
        value={typeof entered === 'string' ? entered : null}
        clearable
        onChange={(value) => type(field.name, value ?? undefined)}
      />
    )
  }
  if (input.kind === 'switch') {
    const usual = String(field.fallback)
    return (
      <Switch
        label={field.label}
        description={field.help}
        error={problem}
        checked={(entered ?? usual) === 'true'}
        onChange={(event) => {
          const value = String(event.currentTarget.checked)
          type(field.name, value === usual ? undefined : value)
        }}
      />
    )
  }
  if (input.kind === 'list') return <ModuleField {...{ field, shared, entered, model }} />
  const text = typeof entered === 'string' ? entered : ''
  const set = (value: string) => type(field.name, value === '' ? undefined : value)
  if (input.kind === 'text') {
    return (
      <TextInput
        {...shared}
        maxLength={longestText}
        value={text}
        onChange={(event) => set(event.currentTarget.value)}
      />
    )
  }
  const step = (direction: 1 | -1) => {
    const now = readNumber(text === '' ? shared.placeholder : text)
    if (now !== undefined) set(writeNumber(stepped(field, now, direction)))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
    event.preventDefault()
    step(event.key === 'ArrowUp' ? 1 : -1)
  }
  return (
    <TextInput
      {...shared}
      inputMode="decimal"
      classNames={{ input: 'tabular' }}
      value={text}
      onChange={(event) => set(event.currentTarget.value)}
      onKeyDown={onKeyDown}
      rightSection={<Steps label={field.label} onStep={step} />}
    />
  )
}

/** For the pointer; the keyboard has the up and down keys. */
function Steps({ label, onStep }: { label: string; onStep: (direction: 1 | -1) => void }) {
  return (
    <span className={styles.steps}>
      <button type="button" tabIndex={-1} aria-label={`Raise: ${label}`} onClick={() => onStep(1)}>
        <ChevronUp size={11} />
      </button>
      <button type="button" tabIndex={-1} aria-label={`Lower: ${label}`} onClick={() => onStep(-1)}>
        <ChevronDown size={11} />
      </button>
    </span>
  )
}

interface ModuleFieldProps {
  field: Field
  shared: object
  entered: string | readonly string[] | undefined
  model: Model | undefined
}

function ModuleField({ field, shared, entered, model }: ModuleFieldProps) {
  const type = useDraft((store) => store.type)
  const usual = usualTargets(model?.architecture)
  const chosen = Array.isArray(entered) ? entered : usual
  const offered = [...new Set([...(model?.linearModules ?? []), ...chosen])]
  return (
    <MultiSelect
      {...shared}
      placeholder={chosen.length === 0 ? 'Choose at least one' : ''}
      data={offered}
      value={[...chosen]}
      onChange={(value) => type(field.name, same(value, usual) ? undefined : value)}
    />
  )
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name))
}
