import { describe, expect, test } from 'vitest'
import {
  askAbout,
  blockAt,
  colours,
  drawOrder,
  drawScene,
  isDone,
  nextStep,
  picture,
  pictureSize,
  readOrder,
  type Scene,
  side,
  stateOf,
  stateSize,
  takeStep,
} from '../../../core/environments/table.ts'

const seeds = Array.from({ length: 200 }, (_, i) => i)

describe('the arm above the table', () => {
  test('what it is told to do next does what it was told at first', () => {
    for (const seed of seeds) {
      let scene = drawScene(seed)
      const order = drawOrder(scene, seed)
      expect(isDone(scene, order)).toBe(false)
      let steps = 0
      for (let step = nextStep(scene, order); step !== 'done'; step = nextStep(scene, order)) {
        const next = takeStep(scene, step)
        expect(next, `${step} in ${JSON.stringify(scene)}`).not.toBeNull()
        scene = next as Scene
        expect(++steps).toBeLessThan(4 * side)
      }
      expect(isDone(scene, order)).toBe(true)
    }
  })

  test('understands its own words and no others', () => {
    for (const seed of seeds) {
      const order = drawOrder(drawScene(seed), seed)
      expect(readOrder(order.words)).toEqual(order)
    }
    expect(readOrder('put the pink block in the top left corner')).toBeNull()
    expect(readOrder('dance')).toBeNull()
  })

  test('makes no step that cannot be made', () => {
    const scene: Scene = { gripper: [0, 0], held: null, blocks: { red: [0, 0], blue: [1, 0] } }
    for (const words of ['move left', 'move up', 'move away', 'pick blue', 'place', 'fly', '']) {
      expect(takeStep(scene, words), words).toBeNull()
    }
    const held = takeStep(scene, 'pick red') as Scene
    expect(held).toEqual({ gripper: [0, 0], held: 'red', blocks: { blue: [1, 0] } })
    expect(takeStep(held, 'pick blue')).toBeNull()
    const above = takeStep(held, 'move right') as Scene
    expect(takeStep(above, 'place')).toBeNull()
    const moved = takeStep(above, 'move down') as Scene
    expect(takeStep(moved, 'place')).toEqual({ gripper: [1, 1], held: null, blocks: { blue: [1, 0], red: [1, 1] } })
  })

  test('is told by its state and by its picture', () => {
    const states = new Map<string, string>()
    for (const seed of seeds) {
      const scene = drawScene(seed)
      expect(stateOf(scene)).toHaveLength(stateSize)
      const pixels = picture(scene)
      expect(pixels).toHaveLength(pictureSize ** 2 * 3)
      states.set(JSON.stringify(stateOf(scene)), pixels.join())
    }
    expect(new Set(states.values()).size).toBe(states.size)
  })

  test('questions have the answers that the scene gives', () => {
    const scene: Scene = { gripper: [3, 3], held: null, blocks: { red: [0, 0], green: [3, 2] } }
    const answers = new Map(
      seeds.map((seed) => askAbout(scene, seed)).map(({ question, answer }) => [question, answer]),
    )
    expect(answers.get('how many blocks are there')).toBe('2')
    expect(answers.get('is there a red block')).toBe('yes')
    expect(answers.get('is there a blue block')).toBe('no')
    expect(answers.get('is the red block left of the green block')).toBe('yes')
    expect(answers.get('is the green block left of the red block')).toBe('no')
    expect(answers.get('where is the green block')).toBe('bottom right')
    expect(colours.map((colour) => blockAt(scene, scene.blocks[colour] ?? [1, 1]))).toEqual([
      'red',
      'green',
      null,
      null,
    ])
  })
})
