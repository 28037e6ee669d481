import { describe, expect, test } from 'vitest'
import { stepFlops, utilisation } from '../../bench/flops.ts'

const sizes = { num_hidden_layers: 2, hidden_size: 4, intermediate_size: 16 }
const batch = { rows: 3, tokens: 15 }

/** The forward products of one row of 5 tokens, each written out as 2·m·k·n, times the rows. */
function forward() {
  const product = (m: number, k: number, n: number) => 2 * m * k * n
  const projections = 4 * product(5, 4, 4)
  const mlp = product(5, 4, 16) + product(5, 16, 4)
  const attention = product(5, 4, 5) + product(5, 5, 4)
  return { linear: 3 * 2 * (projections + mlp), attention: 3 * 2 * attention, pooler: 3 * product(1, 4, 4) }
}

describe('the operations of a step', () => {
  test('of full fine-tuning are three times the forward products', () => {
    const { linear, attention, pooler } = forward()
    expect(stepFlops(sizes, batch, 'full')).toBe(3 * (linear + attention + pooler))
  })

  test('of LoRA leave out the gradients of frozen weights and what lies below the first adapter', () => {
    const { linear, attention, pooler } = forward()
    const firstProjections = 3 * 3 * 2 * 5 * 4 * 4
    expect(stepFlops(sizes, batch, 'lora')).toBe(2 * (linear + pooler) + 3 * attention - firstProjections)
  })

  test('of a large model come to six a parameter and token', () => {
    const large = { num_hidden_layers: 12, hidden_size: 768, intermediate_size: 3072 }
    const parameters = 12 * (4 * 768 ** 2 + 2 * 768 * 3072)
    const perToken = stepFlops(large, { rows: 1, tokens: 16 }, 'full') / 16 / parameters
    expect(perToken).toBeGreaterThan(6)
    expect(perToken).toBeLessThan(6.1)
  })
})

test('half the ceiling is a utilisation of a half', () => {
  expect(utilisation(1e9, 20, 100e9)).toBe(0.5)
})
