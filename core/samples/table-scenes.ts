import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writePicture } from '../data/media/image.ts'
import {
  askAbout,
  drawOrder,
  drawScene,
  nextStep,
  type Order,
  picture,
  pictureSize,
  type Scene,
  stateOf,
  takeStep,
} from '../environments/table.ts'
import { uniform } from '../util/random.ts'
import type { MadeSample } from './sample.ts'

const count = 3600
/** How many rows of ten are orders; the others are questions. */
const orders = 7

/** A row as it stands in the table; pictures lie beside it. */
interface SceneRow {
  readonly image: string
  readonly question: string
  readonly answer: string
  readonly state?: readonly number[]
  readonly scene?: Scene
}

/** Every picture shows a scene of its own, orders somewhere on the way to their end. */
export const tableScenes: MadeSample = {
  name: 'table-scenes',
  title: 'Blocks on a table: orders to an arm, questions about what is seen',
  description: `${count} constructed pictures of a simulated table: the arm's next step for an order, or a question's answer.`,
  task: 'image-text-to-text',
  version: 1,
  async make(dir) {
    await mkdir(join(dir, 'images'))
    const rows: SceneRow[] = []
    for (let i = 0; i < count; i++) {
      const image = `images/${String(i).padStart(4, '0')}.png`
      const { row, seen } = i % 10 < orders ? orderRow(image, i) : questionRow(image, i)
      const size = { height: pictureSize, width: pictureSize, channels: 3 } as const
      await writeFile(join(dir, image), await writePicture(picture(seen), size))
      rows.push(row)
    }
    await writeFile(join(dir, 'scenes.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    // The table and the pictures that it names.
    return 'scenes.jsonl'
  },
}

function orderRow(image: string, seed: number): { row: SceneRow; seen: Scene } {
  const begun = drawScene(seed)
  const order = drawOrder(begun, seed)
  const seen = onTheWay(begun, order, uniform(seed, 50))
  const row = { image, question: order.words, answer: nextStep(seen, order), state: stateOf(seen), scene: seen }
  return { row, seen }
}

/** The scene after a share of the steps that an order takes. */
function onTheWay(begun: Scene, order: Order, share: number): Scene {
  const way = [begun]
  for (let step = nextStep(begun, order); step !== 'done'; step = nextStep(way.at(-1) as Scene, order)) {
    way.push(takeStep(way.at(-1) as Scene, step) as Scene)
  }
  return way[Math.floor(share * (way.length - 1))] as Scene
}

function questionRow(image: string, seed: number): { row: SceneRow; seen: Scene } {
  const seen = drawScene(seed)
  return { row: { image, ...askAbout(seen, seed) }, seen }
}
