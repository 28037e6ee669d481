import { type Column, facts, table } from '../../core/cli/table.ts'
import type { Machine } from './machine.ts'
import type { Contender, FigureResult, Result, StepResult } from './result.ts'

/** Everything that a run of the benchmark found, as --json prints it. */
export interface Report {
  readonly machine: Machine
  /** Operations a second of large matrix products through our graph engine, by precision and threads. */
  readonly ceilings: Readonly<Record<string, number>>
  readonly results: readonly Result[]
  /** Sentences about what was left out, and why. */
  readonly notes: readonly string[]
}

/** One line of the table of steps: ours beside one peer. */
interface Line {
  readonly result: StepResult
  readonly peer: StepResult['peers'][number] | null
}

export const times = (ratio: number) => `${ratio.toFixed(2)}×`
export const percent = (share: number) => `${(share * 100).toFixed(1)} %`
const ms = ({ medianMs, minMs }: Contender) => `${digits(medianMs)} (${digits(minMs)})`
const megabytes = (bytes: number) => String(Math.round(bytes / 1e6))
const share = (value: number) => `${Math.round(value * 100)} %`
const digits = (value: number) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
const none = '–'

const stepColumns: readonly Column<Line>[] = [
  { title: 'CASE', value: ({ result }) => (result.variant ? `${result.case}, ${result.variant}` : result.case) },
  { title: 'PREC.', value: ({ result }) => result.precision },
  { title: 'ATTUNE ms', value: ({ result }) => ms(result.ours), right: true },
  { title: 'PEER ms', value: ({ peer }) => (peer ? ms(peer) : none), right: true },
  { title: 'PEER', value: ({ peer }) => peer?.name ?? none },
  { title: 'RATIO', value: (line) => ratioOf(line), right: true },
  { title: 'OF', value: ({ result }) => result.by },
  { title: 'REACH', value: ({ result }) => (result.reach === null ? none : `≥ ${times(result.reach)}`), right: true },
  { title: 'TOKENS/s', value: ({ result }) => String(Math.round(result.ours.tokensPerSecond)), right: true },
  { title: 'PEER', value: ({ peer }) => (peer ? String(Math.round(peer.tokensPerSecond)) : none), right: true },
  { title: 'MFU', value: ({ result }) => share(result.ours.utilisation), right: true },
  { title: 'PEER', value: ({ peer }) => (peer ? share(peer.utilisation) : none), right: true },
  { title: 'PEAK MB', value: ({ result }) => megabytes(result.ours.peakBytes), right: true },
  { title: 'PEER', value: ({ peer }) => (peer ? megabytes(peer.peakBytes) : none), right: true },
]

function ratioOf({ result: { ours, by }, peer }: Line): string {
  if (!peer) return none
  return times(by === 'step' ? peer.medianMs / ours.medianMs : ours.tokensPerSecond / peer.tokensPerSecond)
}

const figureColumns: readonly Column<FigureResult>[] = [
  { title: 'CASE', value: (figure) => figure.case },
  { title: 'WHAT', value: ({ what }) => what },
  { title: 'ATTUNE', value: ({ value, unit }) => `${digits(value)} ${unit}`, right: true },
  {
    title: 'AGAINST',
    value: ({ against, unit }) => (against ? `${digits(against.value)} ${unit}` : none),
    right: true,
  },
  { title: 'WHICH IS', value: ({ against }) => against?.what ?? none },
  { title: 'COMES TO', value: ({ comes }) => comes, right: true },
  { title: 'REACH', value: ({ reach }) => reach || none, right: true },
]

/** The report for a person: machine, steps beside the peer's, other figures, and what was left out. */
export function reportText({ machine, ceilings, results, notes }: Report): string {
  const lines = results
    .filter((result) => result.kind === 'steps')
    .flatMap((result): Line[] =>
      result.peers.length === 0 ? [{ result, peer: null }] : result.peers.map((peer) => ({ result, peer })),
    )
  const figures = results.filter((result) => result.kind === 'figure')
  const ceilingRows = Object.entries(ceilings).map(
    ([of, value]) => [`ceiling, ${of}`, `${(value / 1e9).toFixed(0)} GFLOP/s`] as const,
  )
  const parts = [
    facts([...Object.entries(machine).map(([name, value]) => [name, String(value)] as const), ...ceilingRows]),
  ]
  if (lines.length > 0) parts.push(table(stepColumns, lines))
  if (lines.length > 0) parts.push('ms: median (least) of a step. MFU: operations of the model over the ceiling.')
  if (figures.length > 0) parts.push(table(figureColumns, figures))
  if (notes.length > 0) parts.push(notes.join('\n'))
  return parts.join('\n\n')
}
