import { readEpisode } from '../../core/contract/episodes.ts'
import { taskJudgements } from '../../core/contract/judgement.ts'
import { formatNumber } from '../ui/format.ts'
import { EpisodePlayer } from './episode-player.tsx'
import { Said } from './said.tsx'
import { ValueAnswer } from './value-answer.tsx'
import type { AnswerProps } from './view.ts'

/** What a run did in the example's world, to be played again, and the return that it came to. */
export function EpisodeAnswer(props: AnswerProps) {
  const { run, prediction } = props
  const record = prediction.answer === undefined ? null : readEpisode(prediction.answer)
  if (record === null) return <ValueAnswer {...props} />
  return (
    <>
      <Said prediction={prediction} by="values" title={taskJudgements[run.config.task].label}>
        {formatNumber(record.return)}
      </Said>
      <EpisodePlayer record={record} name={run.name} />
    </>
  )
}
