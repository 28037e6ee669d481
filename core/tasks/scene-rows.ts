import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import type { TokenRows } from '../data/batches.ts'
import { type Sight, sightOf } from '../data/media/preprocessor.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { readPictures } from './pictures.ts'
import { unlabelledSides } from './row-sides.ts'
import type { Preparation, PreparedData, Reading } from './task.ts'

/** Questions about pictures with their answers, as tokens: "Q: … A: …", then the token that ends texts. */
export interface SceneRows extends TokenRows {
  /** Tokens before each answer. */
  readonly prompts: Int32Array
  /** [rows, height, width, channels], in memory that threads share */
  readonly pixels: Uint8Array
  readonly sight: Sight
  /** float32 [rows, state numbers]; zeros where a row has none */
  readonly states: Float32Array
  readonly stateSize: number
  readonly endId: number
  /** What each row asks and is to say, and the scene that its picture shows, where one is known: validation rows only. */
  readonly questions: readonly string[]
  readonly answers: readonly string[]
  readonly scenes: readonly string[]
}

/** Throws AttuneError: bad_data (too few rows, a state that is none), bad_config (longer than the model), bad_file (a picture). */
export const sceneRows: Preparation<SceneRows> = {
  async prepare(store, _labels, reading, config, onRow): Promise<PreparedData<SceneRows>> {
    const { train, validation } = unlabelledSides(store, config)
    const sight = await sightOf(reading.modelDir, reading.modelConfig.vision_config)
    const total = train.length + validation.length
    let done = 0
    let cut = 0
    const encode = async (rows: Int32Array, keepsTexts: boolean): Promise<SceneRows> => {
      const pixels = await readPictures(store, rows, sight, pictureOf, () => onRow(++done, total))
      const found = Array.from(rows, (row) => store.read(row))
      const { texts, cut: shortened, ...side } = read(found, reading, config.max_length)
      cut += shortened
      const kept = keepsTexts ? texts : { questions: [], answers: [], scenes: [] }
      const tokenBytes = side.ids.reduce((sum, ids) => sum + 4 * ids.length, 0)
      const bytes = pixels.length + 4 * side.states.length + tokenBytes
      return { rows, ...side, ...kept, pixels, sight, bytes }
    }
    const sides = { train: await encode(train, false), validation: await encode(validation, true) }
    return { ...sides, truncatedShare: cut / total }
  },
  async inputs(asked, _labels, reading, _config, onRow): Promise<SceneRows> {
    const sight = await sightOf(reading.modelDir, reading.modelConfig.vision_config)
    const rows = Int32Array.from(asked, ({ row }) => row)
    const pixels = await readPictures(reading.files, rows, sight, pictureOf, onRow)
    const { texts, cut: _, ...side } = read(asked, reading, reading.room)
    // Answers may be as long as there is room for.
    return { rows, ...side, ...texts, lengths: rows.map(() => reading.room), pixels, sight }
  },
}

const pictureOf = (row: number) => `The picture of row ${row}`

function read(
  rows: readonly DatasetRow[],
  { tokenizer, modelConfig }: Pick<Reading, 'tokenizer' | 'modelConfig'>,
  most: number,
) {
  const stateSize = typeof modelConfig.state_dim === 'number' ? modelConfig.state_dim : 0
  const states = new Float32Array(rows.length * stateSize)
  const endId = tokenizer.eosId
  if (endId === null) {
    const message = "The model's tokenizer names no token that ends a text (eos_token): answers would have no end."
    throw new AttuneError('unsupported', message)
  }
  const found = rows.map(({ row, line, text, fields = {} }, i) => {
    const { answer = '', state, scene = '' } = fields
    if (state !== undefined && stateSize > 0)
      states.set(numbersOf(state, stateSize, `Row ${row} (line ${line})`), i * stateSize)
    return { question: text, answer, scene, ...encoded(tokenizer, endId, text, answer, most) }
  })
  return {
    ids: found.map(({ ids }) => ids),
    lengths: Int32Array.from(found, ({ ids }) => ids.length),
    prompts: Int32Array.from(found, ({ prompt }) => prompt),
    cut: found.filter(({ cut }) => cut).length,
    states,
    stateSize,
    endId,
    texts: {
      questions: found.map(({ question }) => question),
      answers: found.map(({ answer }) => answer.trim()),
      scenes: found.map(({ scene }) => scene),
    },
  }
}

function numbersOf(json: string, size: number, row: string): number[] {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // Said below.
  }
  const isNumber = (one: unknown) => typeof one === 'number' && Number.isFinite(one)
  if (Array.isArray(value) && value.length === size && value.every(isNumber)) return value
  const message = `${row}: the state has to be a list of ${size} numbers (state_dim in config.json), such as [0.5, 1].`
  throw new AttuneError('bad_data', message)
}

/** A question as it is put to the model, without an end. */
export function promptOf(tokenizer: Tokenizer, question: string): Int32Array {
  const { ids } = tokenizer.encode(`Q: ${question.trim()} A:`, Number.MAX_SAFE_INTEGER)
  return ids.at(-1) === tokenizer.eosId ? ids.subarray(0, -1) : ids
}

/** Where both are too long together, the question's end goes, and only then the answer's. */
function encoded(tokenizer: Tokenizer, endId: number, question: string, answer: string, most: number) {
  const asked = promptOf(tokenizer, question)
  const { ids: said } = tokenizer.encode(` ${answer.trim()}`, Number.MAX_SAFE_INTEGER)
  const ended = said.at(-1) === endId ? said : Int32Array.of(...said, endId)
  const kept = ended.subarray(0, most - 1)
  const prompt = Math.max(1, Math.min(asked.length, most - kept.length))
  return {
    ids: Int32Array.of(...asked.subarray(0, prompt), ...kept),
    prompt,
    cut: prompt < asked.length || kept.length < ended.length,
  }
}
