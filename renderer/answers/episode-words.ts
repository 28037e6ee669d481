import type { EpisodeRecord } from '../../core/contract/episodes.ts'

/** What was done at a step, 0 being the first: the choice's name, or the numbers. */
export function actionAt({ actions, names }: EpisodeRecord, step: number): string {
  const action = actions[step]
  if (action === undefined) return ''
  return typeof action === 'number' ? (names[action] ?? String(action)) : action.map(short).join(', ')
}

/** A state of an episode in a line; `at` counts the steps made. */
export function momentOf(record: EpisodeRecord, at: number): string {
  const steps = record.actions.length
  if (at === 0) return `Before the first of ${steps} ${steps === 1 ? 'step' : 'steps'}`
  const sofar = record.rewards.slice(0, at).reduce((a, b) => a + b, 0)
  return `Step ${at} of ${steps}: ${actionAt(record, at - 1)}, return so far ${short(sofar)}`
}

/** Milliseconds that a state is shown: what moves smoothly in the world does so here. */
export function frameMs({ actions }: Pick<EpisodeRecord, 'actions'>): number {
  return actions.length > 60 ? 40 : 400
}

/** To a hundredth. */
function short(value: number): string {
  return String(Number(value.toFixed(2))).replace('-', '−')
}
