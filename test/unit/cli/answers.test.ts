import { expect, test } from 'vitest'
import { readable } from '../../../core/cli/answers.ts'

const episode = (more: object = {}) => ({
  ...{ env: 'grid-world', seed: 7, scene: {}, frames: [[0], [1], [2]] },
  ...{ actions: [1, 0], names: ['up', 'down'], rewards: [0, 1], return: 1 },
  ...more,
})

test('what a run says is one line, whatever it consists of', () => {
  expect(readable('text-regression', 'good', '1.5')).toBe('1.5')
  expect(readable('token-classification', ' Anna sings ', '["B-PER","O"]')).toBe('Anna/B-PER sings')
  const filled = [{ before: 'a', hidden: '', after: 'c', guesses: [['b', 0.75]] }]
  expect(readable('fill-mask', 'a [MASK] c', JSON.stringify(filled))).toBe('b 75 %')
  expect(readable('decision-making', '7', JSON.stringify(episode()))).toBe('return 1 in 2 steps: down up')
  const numbers = episode({ actions: [[0.5]], names: [], frames: [[0], [1]], rewards: [1] })
  expect(readable('decision-making', '7', JSON.stringify(numbers))).toBe('return 1 in 1 step')
  expect(readable('image-text-to-text', 'what is it?', 'a block')).toBe('a block')
  const order = { text: 'move up', episode: episode({ return: 0 }) }
  expect(readable('image-text-to-text', 'fetch', JSON.stringify(order))).toBe('move up (not carried out in 2 steps)')
})
