import { readSceneAnswer } from '../../core/contract/episodes.ts'
import { plural } from '../ui/format.ts'
import styles from './episode.module.css'
import { EpisodePlayer } from './episode-player.tsx'
import { Said } from './said.tsx'
import type { AnswerProps } from './view.ts'

/** What a run wrote about a picture; where it was an order, what the arm has made of it, to be played again. */
export function SceneAnswer({ run, prediction }: AnswerProps) {
  const { text, episode } = readSceneAnswer(prediction.answer ?? '')
  return (
    <>
      <Said prediction={prediction} by="right">
        {text === '' ? <em>nothing</em> : text}
      </Said>
      {episode && (
        <>
          <span className={styles.moment}>
            {episode.return > 0 ? 'Carried out in' : 'Not carried out, ended after'}{' '}
            {plural(episode.actions.length, 'step')}
          </span>
          <EpisodePlayer record={episode} name={run.name} />
        </>
      )}
    </>
  )
}
