import { headlessTasks, type Method, methods, methodTitles, type TaskName } from '../../../core/contract/settings.ts'
import { ChoiceCard } from './choice-card.tsx'
import styles from './train.module.css'

export interface MethodCardsProps {
  method: Method
  onChoose: (method: Method) => void
  task: TaskName
}

export function MethodCards({ method, onChoose, task }: MethodCardsProps) {
  // A model that writes has no head of its own to train.
  const offered = headlessTasks.includes(task) ? methods.filter((one) => one !== 'head') : methods
  return (
    <div className={styles.methods} role="radiogroup" aria-label="Method">
      {offered.map((one) => (
        <ChoiceCard
          key={one}
          group="method"
          title={methodTitles[one]}
          checked={one === method}
          onChoose={() => onChoose(one)}
        >
          {lines[one]}
        </ChoiceCard>
      ))}
    </div>
  )
}

/** What a method trains, in one line. */
const lines: Readonly<Record<Method, string>> = {
  full: 'Trains every weight. Most able, slowest, a whole model per checkpoint.',
  lora: 'Trains small matrices beside frozen layers, and the head. Faster; checkpoints of a few MB.',
  head: 'Trains the classifier on a frozen model, which reads each row once, without dropout. Fastest, least able.',
  none: 'Evaluates the model as it is, so that runs can be compared with it; language models classify by prompts.',
}
