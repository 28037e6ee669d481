import type { Dataset, Model } from '../../../core/contract/domain.ts'
import { type Method, methods } from '../../../core/contract/settings.ts'
import { formatPercent, formatShort } from '../../ui/format.ts'
import { ChoiceCard } from './choice-card.tsx'
import { type ReadDraft, settingOf } from './draft.ts'
import { methodLines, trainableParameters } from './estimates.ts'
import styles from './train.module.css'

export interface MethodCardsProps {
  method: Method
  onChoose: (method: Method) => void
  read: ReadDraft
  model: Model | undefined
  dataset: Dataset | undefined
}

export function MethodCards({ method, onChoose, read, model, dataset }: MethodCardsProps) {
  const lora = {
    lora_r: settingOf(read.given, 'lora_r', 'lora'),
    target_modules: settingOf(read.given, 'target_modules', 'lora', model?.architecture),
  }
  // A language model has no head of its own to train.
  const offered = dataset?.task === 'text-generation' ? methods.filter((one) => one !== 'head') : methods
  const facts = (one: Method) => {
    if (!model) return undefined
    const count = trainableParameters(model, dataset?.labels.length ?? 2, one, lora)
    const about = one === 'lora' ? 'about ' : ''
    return `${about}${formatShort(count)} trained (${sharePercent(count / model.parameters)})`
  }
  return (
    <div className={styles.methods} role="radiogroup" aria-label="Method">
      {offered.map((one) => (
        <ChoiceCard
          key={one}
          group="method"
          title={methodLines[one].title}
          facts={facts(one)}
          checked={one === method}
          onChoose={() => onChoose(one)}
        >
          {methodLines[one].line}
        </ChoiceCard>
      ))}
    </div>
  )
}

function sharePercent(share: number): string {
  if (share >= 0.995) return formatPercent(1, 0)
  return formatPercent(share, share < 0.001 ? 3 : share < 0.1 ? 2 : 0)
}
