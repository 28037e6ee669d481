import { describe, expect, test } from 'vitest'
import { stepsIn } from '../../bench/home.ts'
import type { Machine } from '../../bench/machine.ts'
import { reasonOf } from '../../bench/peer/environment.ts'
import { reportText } from '../../bench/report.ts'
import type { Contender, FigureResult, StepResult } from '../../bench/result.ts'

const machine: Machine = {
  attune: '1.0.0',
  node: '24.0.0',
  tensorflow: '2.15.1',
  peer: 'torch 2',
  processor: 'a processor',
  cores: 2,
  threads: 2,
  memory: '8.0 GB',
  system: 'linux',
  load: '0.10',
}
const side = (medianMs: number, tokensPerSecond: number): Contender => ({
  processes: 1,
  steps: 5,
  medianMs,
  minMs: medianMs - 1,
  tokensPerSecond,
  tokensPerStep: 64,
  peakBytes: 512e6,
  utilisation: 0.5,
})
const steps: StepResult = {
  kind: 'steps',
  case: 'bert-s',
  variant: '',
  precision: 'fp32',
  threads: 2,
  ours: side(10, 400),
  peers: [
    { ...side(25, 160), name: 'torch' },
    { ...side(20, 200), name: 'torch.compile' },
  ],
  ratio: 2,
  by: 'step',
  reach: 1.4,
}
const figure: FigureResult = {
  kind: 'figure',
  case: 'startup',
  what: 'process start to first step',
  unit: 's',
  value: 2,
  against: { what: 'the script', value: 7 },
  comes: '3.50×',
  reach: '≥ 2.00×',
}
const textOf = (results: (StepResult | FigureResult)[], notes: string[] = []) =>
  reportText({ machine, ceilings: { 'fp32, 2 threads': 4e11 }, results, notes })

describe('the report', () => {
  test('has a line for each peer, with the ratio to that one', () => {
    const lines = textOf([steps]).split('\n')
    expect(lines.find((line) => line.endsWith('512') && line.includes('torch  '))).toMatch(/10\.0 \(9\.00\).*2\.50×/)
    expect(lines.find((line) => line.includes('torch.compile'))).toMatch(/2\.00×.*≥ 1\.40×/)
  })

  test('has our side alone where there is no peer', () => {
    const line = textOf([{ ...steps, peers: [], ratio: null }])
      .split('\n')
      .find((text) => text.startsWith('bert-s'))
    expect(line).toMatch(/10\.0 \(9\.00\) +– +– +– /)
  })

  test('tells machine, ceiling, figures and notes', () => {
    const text = textOf([figure], ['bf16 was left out.'])
    expect(text).toContain('a processor')
    expect(text).toMatch(/ceiling, fp32, 2 threads +400 GFLOP\/s/)
    expect(text).toMatch(/startup +process start to first step +2\.00 s +7\.00 s +the script +3\.50×/)
    expect(text.endsWith('bf16 was left out.')).toBe(true)
  })
})

test("a step's time and tokens come out of the recorded speeds", () => {
  const recorded = { 'perf/examples_per_second': 32, 'perf/tokens_per_second': 3000 }
  const lines = [
    { atMs: 5, value: { event: 'phase' } },
    { atMs: 6, value: { event: 'metrics', step: 1, values: { 'train/loss': 0.7 } } },
    { atMs: 7, value: { event: 'metrics', step: 1, values: recorded } },
  ]
  expect(stepsIn(lines, 16)).toEqual([{ atMs: 7, ms: 500, tokens: 1500 }])
})

describe('why there is no Python side', () => {
  test('is the last error that the command wrote', () => {
    const failed = Object.assign(new Error('Command failed'), {
      stderr: 'Traceback\n  line 1\nModuleNotFoundError: No module named torch\n\n',
    })
    expect(reasonOf(failed)).toBe('ModuleNotFoundError: No module named torch.')
  })
  test('is the failure itself when nothing was written', () => {
    expect(reasonOf(new Error('it cannot be started'))).toBe('it cannot be started.')
  })
})
