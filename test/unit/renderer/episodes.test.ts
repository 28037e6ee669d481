import { expect, test } from 'vitest'
import { type EpisodeRecord, readEpisode, readSceneAnswer } from '../../../core/contract/episodes.ts'
import { actionAt, frameMs, momentOf } from '../../../renderer/answers/episode-words.ts'

const record: EpisodeRecord = {
  env: 'grid-world',
  seed: 3,
  scene: {},
  frames: [
    [0, 0],
    [1, 0],
    [1, 1],
  ],
  actions: [1, 2],
  names: ['up', 'right', 'down', 'left'],
  rewards: [-0.02, 0.98],
  return: 0.96,
}

test('an episode is told step by step', () => {
  expect([0, 1, 2].map((at) => momentOf(record, at))).toEqual([
    'Before the first of 2 steps',
    'Step 1 of 2: right, return so far −0.02',
    'Step 2 of 2: down, return so far 0.96',
  ])
  expect(actionAt({ ...record, names: [], actions: [[0.5, -1]] }, 0)).toBe('0.5, −1')
  expect(actionAt(record, 2)).toBe('')
})

test('long episodes play faster', () => {
  expect(frameMs({ actions: new Array(200).fill(0) })).toBeLessThan(frameMs(record))
})

test('an answer that is no episode is not taken for one', () => {
  expect(readEpisode(JSON.stringify(record))).toEqual(record)
  expect(readEpisode('move left')).toBeNull()
  expect(readEpisode('{"env":"grid-world"}')).toBeNull()
})

test('an answer about a picture is a text, with what the arm did where it was an order', () => {
  expect(readSceneAnswer('yes')).toEqual({ text: 'yes', episode: null })
  expect(readSceneAnswer('2')).toEqual({ text: '2', episode: null })
  expect(readSceneAnswer(JSON.stringify({ text: 'place', episode: record }))).toEqual({
    text: 'place',
    episode: record,
  })
})
