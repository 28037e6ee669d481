import { uniform } from '../util/random.ts'
import type { Environment, Random } from './environment.ts'

/**
 * Three in a row on a board of nine squares, against an opponent who sees through the game every other move and else
 * moves at random. A win brings 1, a draw 0, a loss −1; every other game the opponent begins.
 */

const lines = [
  ...[0, 3, 6].map((row) => [row, row + 1, row + 2]),
  ...[0, 1, 2].map((column) => [column, column + 3, column + 6]),
  [0, 4, 8],
  [2, 4, 6],
]
/** How often the opponent plays the best move. */
const sharpness = 0.5

/** Of each square: 0 empty, 1 ours, 2 theirs. */
type Board = readonly number[]

export const ticTacToe: Environment<Board> = {
  name: 'tic-tac-toe',
  title: 'Tic-tac-toe',
  stateSize: 18,
  actions: { kind: 'choice', count: 9, names: ['a3', 'b3', 'c3', 'a2', 'b2', 'c2', 'a1', 'b1', 'c1'] },
  mostSteps: 5,
  begin(seed) {
    const empty: Board = new Array(9).fill(0)
    return seed % 2 === 0 ? empty : put(empty, Math.floor(uniform(seed, 1) * 9), 2)
  },
  /** Our squares, then theirs. */
  observe: (board) => [...board.map((square) => Number(square === 1)), ...board.map((square) => Number(square === 2))],
  allowed: (board) => board.map((square) => square === 0),
  step(board, action, draw) {
    const ours = put(board, action as number, 1)
    if (winner(ours) === 1) return { state: ours, reward: 1, done: true }
    if (!ours.includes(0)) return { state: ours, reward: 0, done: true }
    const theirs = put(ours, draw() < sharpness ? bestMove(ours, 2, draw) : anyMove(ours, draw), 2)
    if (winner(theirs) === 2) return { state: theirs, reward: -1, done: true }
    return { state: theirs, reward: 0, done: !theirs.includes(0) }
  },
  expert: (board, draw) => bestMove(board, 1, draw),
  frame: (board) => [...board],
  scene: () => ({}),
}

function put(board: Board, square: number, who: number): Board {
  return board.with(square, who)
}

function winner(board: Board): number {
  const line = lines.find(([a, b, c]) => {
    const who = board[a as number]
    return who !== 0 && who === board[b as number] && who === board[c as number]
  })
  return line ? (board[line[0] as number] as number) : 0
}

function free(board: Board): number[] {
  return Array.from(board.keys()).filter((square) => board[square] === 0)
}

function anyMove(board: Board, draw: Random): number {
  const squares = free(board)
  return squares[Math.floor(draw() * squares.length)] as number
}

/** One of the moves by which `who` comes to the most. */
function bestMove(board: Board, who: number, draw: Random): number {
  const squares = free(board)
  const worth = squares.map((square) => -worthOf(put(board, square, who), 3 - who))
  const best = squares.filter((_, i) => worth[i] === Math.max(...worth))
  return best[Math.floor(draw() * best.length)] as number
}

const known = new Map<string, number>()

/** What a board comes to for `who`, whose turn it is, when both play as well as can be: 1, 0 or −1. */
function worthOf(board: Board, who: number): number {
  const key = board.join('') + who
  const remembered = known.get(key)
  if (remembered !== undefined) return remembered
  const squares = free(board)
  const won = winner(board)
  const worth =
    won !== 0
      ? won === who
        ? 1
        : -1
      : squares.length === 0
        ? 0
        : Math.max(...squares.map((square) => -worthOf(put(board, square, who), 3 - who)))
  known.set(key, worth)
  return worth
}
