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
          {lineOf(one, task)}
        </ChoiceCard>
      ))}
    </div>
  )
}

/** What a method trains, in one line. */
function lineOf(method: Method, task: TaskName): string {
  switch (method) {
    case 'full':
      return 'Trains every weight. Most able, slowest, a whole model per checkpoint.'
    case 'lora': {
      const head = headlessTasks.includes(task) ? '' : ', and the head'
      return `Trains small matrices beside frozen layers${head}. Faster; checkpoints of a few MB.`
    }
    case 'head':
      return 'Trains the head on a frozen model, which reads each row once, without dropout. Fastest, least able.'
    case 'none': {
      const prompts = task === 'text-classification' ? '; language models classify by prompts' : ''
      return `Evaluates the model as it is, so that runs can be compared with it${prompts}.`
    }
  }
}
