/** The sizes of a BERT encoder that decide what a step costs, by the names of its config.json. */
export interface EncoderSizes {
  readonly num_hidden_layers: number
  readonly hidden_size: number
  readonly intermediate_size: number
}

/** One batch: its rows and how many real tokens are in all of them. */
export interface BatchSize {
  readonly rows: number
  readonly tokens: number
}

/**
 * Floating-point operations of one training step of a BERT classifier, matrix products only, a multiplication and an
 * addition being two: what the model needs, not what a program spends, so padding and recomputation count for nothing.
 * Attention is counted for rows of equal length, which is the least that so many tokens can cost.
 *
 * full: each product of the forward pass has two of its size in the backward pass. lora: frozen weights need no
 * gradient, so only the one to the input is left, and not even that where nothing below is trained (query, key, value of
 * the first layer); the adapters themselves are left out, being a hundredth.
 */
export function stepFlops(sizes: EncoderSizes, { rows, tokens }: BatchSize, method: 'full' | 'lora'): number {
  const { num_hidden_layers: layers, hidden_size: d, intermediate_size: inner } = sizes
  const linear = 2 * tokens * layers * (4 * d * d + 2 * d * inner)
  const pooler = 2 * rows * d * d
  const attention = 4 * tokens * (tokens / rows) * layers * d
  if (method === 'full') return 3 * (linear + pooler + attention)
  const untouched = 2 * tokens * 3 * d * d
  return 2 * (linear + pooler) - untouched + 3 * attention
}

/** Share of the machine's ceiling (operations a second) that a step of so many operations reaches. */
export function utilisation(flops: number, stepMs: number, ceiling: number): number {
  return flops / (stepMs / 1000) / ceiling
}
