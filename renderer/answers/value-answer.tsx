import { taskJudgements } from '../../core/contract/judgement.ts'
import { formatNumber } from '../ui/format.ts'
import { Said } from './said.tsx'
import type { AnswerProps } from './view.ts'

/** The number that the example is judged by; nothing where it is not. */
export function ValueAnswer({ run, prediction }: AnswerProps) {
  const { label, unit, by } = taskJudgements[run.config.task]
  if (prediction.value === undefined) return null
  return (
    <Said prediction={prediction} by={by} title={[label, unit].filter(Boolean).join(', ')}>
      {formatNumber(prediction.value)}
    </Said>
  )
}
