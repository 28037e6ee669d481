import { expect, test } from 'vitest'
import { kernelSources, processorLevel } from '../../../core/engine/native/kernels.ts'
import * as setup from '../../../scripts/setup/kernels.mjs'

test('the app and set-up mean the same sources: after a change there, kernelSources takes the new hash', () => {
  expect(kernelSources).toBe(setup.kernelSources())
})

test.each([
  ['avx512', 'flags\t\t: fpu avx2 fma avx512f avx512bw avx512cd avx512dq avx512vl amx_tile'],
  ['avx2', 'flags\t\t: fpu avx2 fma avx512f'],
  ['plain', 'flags\t\t: fpu avx'],
  ['plain', 'Features\t: fp asimd'],
  ['plain', ''],
])('a processor is taken for %s by what it says of itself', (level, cpuinfo) => {
  expect(processorLevel(cpuinfo)).toBe(level)
  expect(setup.processorLevel(cpuinfo)).toBe(level)
})

test('what is compiled is what is looked for', () => {
  expect(processorLevel()).toBe(setup.processorLevel())
})
