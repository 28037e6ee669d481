import { filledWords, taggedWords } from '../contract/answers.ts'
import { readEpisode, readSceneAnswer } from '../contract/episodes.ts'
import type { TaskName } from '../contract/settings.ts'
import { count } from './format.ts'

/** What a run says of an input, as one line; with --json it comes as it is. */
export function readable(task: TaskName, text: string, answer: string): string {
  if (task === 'fill-mask') {
    return filledWords(answer)
      .map((parts) => parts.find(({ details }) => details)?.details ?? '')
      .join(' · ')
  }
  if (task === 'token-classification') {
    const words = taggedWords(text.trim(), answer)
    return words.map(({ text: word, mark }) => (mark ? `${word}/${mark}` : word)).join('')
  }
  const episode = readEpisode(answer)
  if (episode) {
    const taken = episode.actions.flatMap((action) =>
      typeof action === 'number' ? [episode.names[action] ?? action] : [],
    )
    const named = taken.length > 0 ? `: ${taken.join(' ')}` : ''
    return `return ${episode.return} in ${steps(episode.actions.length)}${named}`
  }
  const scene = readSceneAnswer(answer)
  if (!scene.episode) return scene.text
  const { actions, return: reached } = scene.episode
  return `${scene.text} (${reached > 0 ? 'carried out' : 'not carried out'} in ${steps(actions.length)})`
}

const steps = (number: number) => `${count(number)} ${number === 1 ? 'step' : 'steps'}`
