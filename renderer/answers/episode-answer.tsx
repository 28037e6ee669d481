import { readEpisode } from '../../core/contract/episodes.ts'
import { EpisodePlayer } from './episode-player.tsx'
import { ValueAnswer } from './value-answer.tsx'
import type { AnswerProps } from './view.ts'

/** What a run did in the example's world, to be played again, and the return that it came to. */
export function EpisodeAnswer(props: AnswerProps) {
  const { run, prediction } = props
  const record = prediction.answer === undefined ? null : readEpisode(prediction.answer)
  if (record === null) return <ValueAnswer {...props} />
  return (
    <>
      <ValueAnswer {...props} />
      <EpisodePlayer record={record} name={run.name} />
    </>
  )
}
