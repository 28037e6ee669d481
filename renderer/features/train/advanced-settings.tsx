import { Collapse, UnstyledButton } from '@mantine/core'
import { ChevronDown, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import type { Model } from '../../../core/contract/domain.ts'
import type { SettingInfo } from '../../../core/contract/settings.ts'
import type { ReadDraft } from './draft.ts'
import { fieldsFor, groupTitles } from './field.ts'
import { SettingField } from './setting-field.tsx'
import styles from './train.module.css'
import { useDraft } from './use-draft.ts'

export interface AdvancedSettingsProps {
  problems: ReadDraft['problems']
  model: Model | undefined
}

/** All other settings by topic; opens by itself where one of them is wrong. */
export function AdvancedSettings({ problems, model }: AdvancedSettingsProps) {
  const { method, task, typed } = useDraft((store) => store.draft)
  const [asked, setAsked] = useState(false)
  const advanced = fieldsFor(method, task).filter(({ level }) => level === 'advanced')
  const groups = [...new Set(advanced.map(({ group }) => group))].sort((one, other) => order(one) - order(other))
  const changed = advanced.filter(({ name }) => typed[name] !== undefined).length
  const opened = asked || advanced.some(({ name }) => problems[name] !== undefined)
  const Chevron = opened ? ChevronDown : ChevronRight
  return (
    <div className={styles.advanced}>
      <UnstyledButton className={styles.disclose} aria-expanded={opened} onClick={() => setAsked(!opened)}>
        <Chevron size={14} /> Advanced
        <span className={styles.count}>{changed > 0 ? `${changed} changed` : `${advanced.length} settings`}</span>
      </UnstyledButton>
      <Collapse expanded={opened} transitionDuration={120}>
        {groups.map((group) => (
          <fieldset key={group} className={styles.group}>
            <legend>{groupTitles[group]}</legend>
            <div className={styles.grid}>
              {advanced
                .filter((field) => field.group === group)
                .map((field) => (
                  <SettingField key={field.name} field={field} problem={problems[field.name]} model={model} />
                ))}
            </div>
          </fieldset>
        ))}
      </Collapse>
    </div>
  )
}

const topics: readonly SettingInfo['group'][] = ['lora', 'optimizer', 'training', 'data', 'evaluation', 'engine']

function order(group: SettingInfo['group']): number {
  return topics.indexOf(group)
}
