import { uniform } from '../util/random.ts'

/**
 * An arm above a table of four by four places with coloured blocks on it, seen from above. It is told where a block is
 * to go and is moved step by step, in words. Constructed: nothing here was recorded from a real arm.
 */

export const colours = ['red', 'green', 'blue', 'yellow'] as const
export type Colour = (typeof colours)[number]

/** Places in a row of the table. */
export const side = 4
/** Pixels of a place, and of the picture. */
const placeSize = 8
export const pictureSize = side * placeSize

export interface Scene {
  /** Above which place the gripper is. */
  readonly gripper: Place
  /** What it holds. */
  readonly held: Colour | null
  /** Where the blocks on the table are; a held one has no place. */
  readonly blocks: Readonly<Partial<Record<Colour, Place>>>
}

/** Column and row, from the top left. */
export type Place = readonly [number, number]

/** What the arm is told. */
export interface Order {
  readonly colour: Colour
  readonly target: Place
  readonly words: string
}

const corners = {
  'top left': [0, 0],
  'top right': [side - 1, 0],
  'bottom left': [0, side - 1],
  'bottom right': [side - 1, side - 1],
} as const satisfies Record<string, Place>
export type Corner = keyof typeof corners
const cornerNames = Object.keys(corners) as Corner[]

const moves: Readonly<Record<string, Place>> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }

/** Two or three blocks anywhere, the gripper too, with nothing in it. */
export function drawScene(seed: number): Scene {
  const draw = (word: number, most: number) => Math.floor(uniform(seed, word) * most)
  const free = Array.from({ length: side * side }, (_, at): Place => [at % side, Math.floor(at / side)])
  const order = colours.toSorted(
    (a, b) => uniform(seed, 20, colours.indexOf(a)) - uniform(seed, 20, colours.indexOf(b)),
  )
  const blocks = order.slice(0, 2 + draw(1, 2)).map((colour, i) => {
    const [place] = free.splice(draw(10 + i, free.length), 1)
    return [colour, place as Place] as const
  })
  return { gripper: [draw(2, side), draw(3, side)], held: null, blocks: Object.fromEntries(blocks) }
}

/** A block of the scene, and a corner where none lies. */
export function drawOrder(scene: Scene, seed: number): Order {
  const there = colours.filter((colour) => scene.blocks[colour])
  const free = cornerNames.filter((corner) => blockAt(scene, corners[corner]) === null)
  const pick = <T>(from: readonly T[], word: number) => from[Math.floor(uniform(seed, word) * from.length)] as T
  return orderOf(pick(there, 30), pick(free, 31))
}

export function orderOf(colour: Colour, corner: Corner): Order {
  return { colour, target: corners[corner], words: `put the ${colour} block in the ${corner} corner` }
}

/** The order that these words are, null where they are none. */
export function readOrder(words: string): Order | null {
  const match = /^put the (\w+) block in the (\w+ \w+) corner$/.exec(words.trim())
  const [, colour, corner] = match ?? []
  const known = colours.find((one) => one === colour)
  const place = cornerNames.find((one) => one === corner)
  return known && place ? orderOf(known, place) : null
}

/** The step that brings the order on, in words: "move left", "pick red", "place", or "done". */
export function nextStep(scene: Scene, { colour, target }: Order): string {
  if (scene.held !== colour) {
    const place = scene.blocks[colour]
    if (!place || isSame(place, target)) return 'done'
    return towards(scene.gripper, place) ?? `pick ${colour}`
  }
  return towards(scene.gripper, target) ?? 'place'
}

function towards([x, y]: Place, [toX, toY]: Place): string | null {
  if (x !== toX) return toX < x ? 'move left' : 'move right'
  if (y !== toY) return toY < y ? 'move up' : 'move down'
  return null
}

/** What a step makes of a scene; null for words that are no step, or one that cannot be made. */
export function takeStep(scene: Scene, words: string): Scene | null {
  const { gripper, held, blocks } = scene
  const [verb, what = ''] = words.trim().split(' ')
  if (verb === 'move') {
    const [dx, dy] = moves[what] ?? [0, 0]
    const [x, y] = [gripper[0] + dx, gripper[1] + dy]
    const moved = (dx !== 0 || dy !== 0) && x >= 0 && y >= 0 && x < side && y < side
    return moved ? { ...scene, gripper: [x, y] } : null
  }
  const under = blockAt(scene, gripper)
  if (verb === 'pick') {
    if (held !== null || under === null || under !== what) return null
    const { [under]: _taken, ...left } = blocks
    return { ...scene, held: under, blocks: left }
  }
  if (verb === 'place' && words.trim() === 'place') {
    return held === null || under !== null ? null : { ...scene, held: null, blocks: { ...blocks, [held]: gripper } }
  }
  return null
}

export function isDone({ blocks }: Scene, { colour, target }: Order): boolean {
  const place = blocks[colour]
  return place !== undefined && isSame(place, target)
}

function isSame(a: Place, b: Place): boolean {
  return a[0] === b[0] && a[1] === b[1]
}

export function blockAt({ blocks }: Scene, place: Place): Colour | null {
  return colours.find((colour) => blocks[colour] && isSame(blocks[colour], place)) ?? null
}

/** What the arm knows of itself, and of the blocks: gripper, what it holds (one-hot), places or −1: 14 numbers. */
export function stateOf({ gripper, held, blocks }: Scene): number[] {
  return [
    ...gripper.map((at) => at / (side - 1)),
    ...colours.map((colour) => Number(held === colour)),
    ...colours.flatMap((colour) => blocks[colour]?.map((at) => at / (side - 1)) ?? [-1, -1]),
  ]
}

export const stateSize = 14

/** Questions about a scene that a picture answers. */
export function askAbout(scene: Scene, seed: number): { question: string; answer: string } {
  const pick = <T>(from: readonly T[], word: number) => from[Math.floor(uniform(seed, word) * from.length)] as T
  const there = colours.filter((colour) => scene.blocks[colour])
  const one = pick(there, 40)
  const other = pick(
    there.filter((colour) => colour !== one),
    41,
  )
  const [x, y] = scene.blocks[one] as Place
  const [otherX] = scene.blocks[other] as Place
  switch (Math.floor(uniform(seed, 42) * 4)) {
    case 0: {
      const colour = pick(colours, 43)
      return { question: `is there a ${colour} block`, answer: there.includes(colour) ? 'yes' : 'no' }
    }
    case 1:
      return { question: 'how many blocks are there', answer: String(there.length) }
    case 2:
      return { question: `is the ${one} block left of the ${other} block`, answer: x < otherX ? 'yes' : 'no' }
    default: {
      const across = x < side / 2 ? 'left' : 'right'
      return { question: `where is the ${one} block`, answer: `${y < side / 2 ? 'top' : 'bottom'} ${across}` }
    }
  }
}

const paint: Readonly<Record<Colour, readonly [number, number, number]>> = {
  red: [214, 56, 48],
  green: [56, 160, 72],
  blue: [52, 96, 214],
  yellow: [232, 196, 56],
}
const table: readonly [number, number, number] = [224, 214, 196]
const arm: readonly [number, number, number] = [40, 40, 48]

/** The table from above: uint8 [height, width, 3]. Blocks fill most of a place; the gripper is a frame, filled when it holds. */
export function picture({ gripper, held, blocks }: Scene): Uint8Array {
  const pixels = new Uint8Array(pictureSize * pictureSize * 3)
  const fill = ([column, row]: Place, margin: number, colour: readonly number[], hollow = 0) => {
    for (let y = margin; y < placeSize - margin; y++) {
      for (let x = margin; x < placeSize - margin; x++) {
        const edge = Math.min(x, y, placeSize - 1 - x, placeSize - 1 - y) - margin
        if (hollow > 0 && edge >= hollow) continue
        pixels.set(colour, ((row * placeSize + y) * pictureSize + column * placeSize + x) * 3)
      }
    }
  }
  for (let at = 0; at < side * side; at++) fill([at % side, Math.floor(at / side)], 0, table)
  for (const colour of colours) if (blocks[colour]) fill(blocks[colour], 1, paint[colour])
  fill(gripper, 0, arm, 1)
  if (held) fill(gripper, 2, paint[held])
  return pixels
}

/** A scene out of its JSON; null for a text that is none. */
export function readScene(json: string): Scene | null {
  try {
    const { gripper, held, blocks } = JSON.parse(json) as Record<string, unknown>
    const isPlace = (place: unknown): place is Place =>
      Array.isArray(place) && place.length === 2 && place.every((at) => Number.isInteger(at) && at >= 0 && at < side)
    const isColour = (colour: unknown): colour is Colour => colours.some((one) => one === colour)
    const all = Object.entries(blocks as Record<string, unknown>)
    if (!isPlace(gripper) || !(held === null || isColour(held))) return null
    if (!all.every(([colour, place]) => isColour(colour) && isPlace(place))) return null
    return { gripper, held, blocks: Object.fromEntries(all) as Scene['blocks'] }
  } catch {
    return null
  }
}
