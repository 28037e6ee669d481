import type { DatasetRow } from '../contract/domain.ts'
import { AttuneError } from '../contract/errors.ts'
import { type TokenRows, tokenRows } from '../data/batches.ts'
import type { Tokenizer } from '../data/tokenizers/tokenizer.ts'
import { encodeWords, type WordTokens, wordsOf } from '../data/word-tokens.ts'
import { prepareSides } from './row-sides.ts'
import type { Preparation } from './task.ts'

/**
 * Questions, each before a text that holds its answer. A text that does not fit comes in several windows that overlap by
 * a third of their room; one without the answer has it at the first token, which stands for none.
 */
export interface QuestionRows extends TokenRows {
  /** Of each sequence: the place of its question in `rows`, and its first token of the second type. */
  readonly owners: Int32Array
  readonly secondFrom: Int32Array
  readonly secondType: number
  /** Of each sequence: its first token of the text, and where in the text each of these tokens begins and ends. */
  readonly firsts: Int32Array
  readonly starts: readonly Int32Array[]
  readonly ends: readonly Int32Array[]
  /** Of each sequence: first and last token of the answer. */
  readonly answerFirst: Int32Array
  readonly answerLast: Int32Array
  /** Of each question: its text, and the answer; only where answers are told. */
  readonly texts: readonly string[]
  readonly answers: readonly string[]
}

export const questionRows: Preparation<QuestionRows> = {
  prepare(store, _labels, { tokenizer }, config, onRow) {
    return prepareSides(store, config, onRow, (rows, reader, validation) => {
      const encoded = Array.from(reader, (row, owner) =>
        windowsOf(tokenizer, row, owner, config.max_length, answerIn(row)),
      )
      return { examples: inColumns(rows, encoded, validation, tokenizer), truncated: 0 }
    })
  },
  inputs(rows, _labels, { tokenizer }, { max_length }, onRow) {
    const encoded = rows.map((row, owner) => {
      const windows = windowsOf(tokenizer, row, owner, max_length, null)
      onRow()
      return windows
    })
    return inColumns(
      Int32Array.from(rows, ({ row }) => row),
      encoded,
      true,
      tokenizer,
    )
  },
}

/** A question's windows. */
interface Windows {
  readonly text: string
  readonly answer: string
  readonly windows: readonly Window[]
}

interface Window {
  readonly owner: number
  readonly ids: Int32Array
  readonly secondFrom: number
  readonly first: number
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly answerFirst: number
  readonly answerLast: number
}

/** Of a text, in characters. */
interface Place {
  readonly from: number
  readonly to: number
}

/** Where in its text a row's answer stands. Throws AttuneError bad_data where it does not. */
function answerIn({ row, line, text, fields }: DatasetRow): Place {
  const { answer = '', answer_start: start } = fields ?? {}
  const from = start === undefined ? text.indexOf(answer) : Number(start)
  if (answer !== '' && from >= 0 && text.startsWith(answer, from)) return { from, to: from + answer.length }
  throw new AttuneError(
    'bad_data',
    `Row ${row} (line ${line}): the answer "${answer.slice(0, 80)}" is not in its text.`,
  )
}

function windowsOf(
  tokenizer: Tokenizer,
  { row, text, fields }: DatasetRow,
  owner: number,
  maxLength: number,
  answer: Place | null,
): Windows {
  const { before, between, after } = tokenizer.specials
  const around = before.length + between.length + after.length
  // A question takes at most half of the room.
  const half = Math.max(1, Math.floor((maxLength - around) / 2))
  const question = encodeWords(tokenizer, wordsOf(fields?.question ?? ''), false).ids.slice(0, half)
  const tokens = encodeWords(tokenizer, wordsOf(text), false)
  const room = maxLength - around - question.length
  if (room < 1) {
    throw new AttuneError(
      'bad_config',
      `max_length ${maxLength} has no room for the text of row ${row} beside its question.`,
    )
  }
  const head = [...before, ...question, ...between]
  const said = answer === null ? '' : text.slice(answer.from, answer.to)
  return {
    text,
    answer: said,
    windows: beginnings(tokens.ids.length, room).map((begin) => {
      const end = Math.min(begin + room, tokens.ids.length)
      const span = answer === null ? null : tokensOf(tokens, answer, begin, end)
      return {
        owner,
        ids: Int32Array.from([...head, ...tokens.ids.slice(begin, end), ...after]),
        secondFrom: head.length,
        first: head.length,
        starts: Int32Array.from(tokens.starts.slice(begin, end)),
        ends: Int32Array.from(tokens.ends.slice(begin, end)),
        answerFirst: span === null ? 0 : head.length + span.first - begin,
        answerLast: span === null ? 0 : head.length + span.last - begin,
      }
    }),
  }
}

/** Where windows of `room` tokens begin, the last one at the end. */
function beginnings(count: number, room: number): number[] {
  const stride = Math.max(1, Math.ceil((room * 2) / 3))
  const found = [0]
  while ((found.at(-1) as number) + room < count) found.push(Math.min((found.at(-1) as number) + stride, count - room))
  return found
}

/** First and last of the tokens begin..end−1 that the answer has a part in; null where some of it is outside. */
function tokensOf(
  { starts, ends }: WordTokens,
  { from, to }: Place,
  begin: number,
  end: number,
): { first: number; last: number } | null {
  const first = ends.findIndex((tokenEnd) => tokenEnd > from)
  const last = starts.findLastIndex((tokenStart) => tokenStart < to)
  return first < 0 || last < first || first < begin || last >= end ? null : { first, last }
}

function inColumns(
  rows: Int32Array,
  encoded: readonly Windows[],
  told: boolean,
  { specials }: Tokenizer,
): QuestionRows {
  const windows = encoded.flatMap(({ windows }) => windows)
  const column = (of: (window: Window) => number) => Int32Array.from(windows, of)
  return {
    ...tokenRows(
      rows,
      windows.map(({ ids }) => ids),
    ),
    owners: column(({ owner }) => owner),
    secondFrom: column(({ secondFrom }) => secondFrom),
    secondType: specials.secondType,
    firsts: column(({ first }) => first),
    starts: windows.map(({ starts }) => starts),
    ends: windows.map(({ ends }) => ends),
    answerFirst: column(({ answerFirst }) => answerFirst),
    answerLast: column(({ answerLast }) => answerLast),
    texts: told ? encoded.map(({ text }) => text) : [],
    answers: told ? encoded.map(({ answer }) => answer) : [],
  }
}
