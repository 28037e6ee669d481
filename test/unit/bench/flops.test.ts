import { describe, expect, test } from 'vitest'
import {
  decoderStepFlops,
  decoderTokenFlops,
  encoderStepFlops,
  recurrentStepFlops,
  utilisation,
} from '../../bench/flops.ts'

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

describe('the operations of a step of an encoder', () => {
  test('of full fine-tuning are three times the forward products', () => {
    const { linear, attention, pooler } = forward()
    expect(encoderStepFlops(sizes, batch, 'full')).toBe(3 * (linear + attention + pooler))
  })

  test('of LoRA leave out the gradients of frozen weights and what lies below the first adapter', () => {
    const { linear, attention, pooler } = forward()
    const firstProjections = 3 * 3 * 2 * 5 * 4 * 4
    expect(encoderStepFlops(sizes, batch, 'lora')).toBe(2 * (linear + pooler) + 3 * attention - firstProjections)
  })

  test('of a large model come to six a parameter and token', () => {
    const large = { num_hidden_layers: 12, hidden_size: 768, intermediate_size: 3072 }
    const parameters = 12 * (4 * 768 ** 2 + 2 * 768 * 3072)
    const perToken = encoderStepFlops(large, { rows: 1, tokens: 16 }, 'full') / 16 / parameters
    expect(perToken).toBeGreaterThan(6)
    expect(perToken).toBeLessThan(6.1)
  })
})

describe('the operations of a decoder', () => {
  const decoder = { n_layer: 2, n_embd: 4, vocab_size: 11 }
  const product = (m: number, k: number, n: number) => 2 * m * k * n
  /** The linear layers and the head on so many tokens. */
  const linear = (tokens: number) =>
    2 * (4 * product(tokens, 4, 4) + product(tokens, 4, 16) + product(tokens, 16, 4)) + product(tokens, 4, 11)
  /** Of one token that sees so many, itself among them: its scores and what it takes of the values, in both layers. */
  const looks = (seen: number) => 2 * (product(1, 4, seen) + product(1, seen, 4))
  /** Rows of 5 tokens, each of which sees those before it. */
  const attention = 3 * [1, 2, 3, 4, 5].map(looks).reduce((a, b) => a + b)

  test('in full fine-tuning are three times the forward products, the head included', () => {
    expect(decoderStepFlops(decoder, batch, 'full')).toBe(3 * (linear(15) + attention))
  })

  test('with LoRA leave out the gradients of frozen weights and what lies below the first adapter', () => {
    const first = 3 * product(15, 4, 4)
    expect(decoderStepFlops(decoder, batch, 'lora')).toBe(2 * linear(15) - first + 3 * attention)
  })

  test('for one more token are one pass, with a look at all that came before', () => {
    expect(decoderTokenFlops(decoder, 4)).toBe(linear(1) + looks(5))
  })

  test('token by token come to the forward pass of the whole row', () => {
    const each = [0, 1, 2, 3, 4].map((context) => decoderTokenFlops(decoder, context)).reduce((a, b) => a + b)
    expect(3 * each).toBe(decoderStepFlops(decoder, { rows: 1, tokens: 5 }, 'full'))
  })
})

test('the operations of a step of LSTM layers are three times the products of their gates and of the head', () => {
  const product = (m: number, k: number, n: number) => 2 * m * k * n
  const layer = 4 * (product(15, 4, 4) + product(15, 4, 4))
  const sizes = { num_layers: 2, hidden_size: 4, vocab_size: 11 }
  expect(recurrentStepFlops(sizes, 15)).toBe(3 * (2 * layer + product(15, 4, 11)))
})

test('half the ceiling is a utilisation of a half', () => {
  expect(utilisation(1e9, 20, 100e9)).toBe(0.5)
})
