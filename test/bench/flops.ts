/** The sizes of a BERT encoder that decide what a step costs, by the names of its config.json. */
export interface EncoderSizes {
  readonly num_hidden_layers: number
  readonly hidden_size: number
  readonly intermediate_size: number
}

/** The same of a GPT-2, whose inner layer is four times as wide as the others. */
export interface DecoderSizes {
  readonly n_layer: number
  readonly n_embd: number
  readonly vocab_size: number
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
export function encoderStepFlops(sizes: EncoderSizes, { rows, tokens }: BatchSize, method: 'full' | 'lora'): number {
  const { num_hidden_layers: layers, hidden_size: d, intermediate_size: inner } = sizes
  const linear = 2 * tokens * layers * (4 * d * d + 2 * d * inner)
  const pooler = 2 * rows * d * d
  const attention = 4 * tokens * (tokens / rows) * layers * d
  return trained(method, linear + pooler, attention, 2 * tokens * 3 * d * d)
}

/**
 * The same of a GPT-2. The head's product with the word embedding counts, tied or not; looking tokens up does not.
 * Attention is counted half: a token needs itself and those before it, whatever a program computes and masks.
 */
export function decoderStepFlops(sizes: DecoderSizes, { rows, tokens }: BatchSize, method: 'full' | 'lora'): number {
  const { n_layer: layers, n_embd: d } = sizes
  const attention = 4 * tokens * meanContext(tokens / rows) * layers * d
  return trained(method, tokens * linearFlops(sizes), attention, 2 * tokens * 3 * d * d)
}

/** Operations of a GPT-2 for one more token behind `context` others, whose keys and values are kept. */
export function decoderTokenFlops(sizes: DecoderSizes, context: number): number {
  return linearFlops(sizes) + 4 * (context + 1) * sizes.n_layer * sizes.n_embd
}

/** The sizes of a language model of LSTM layers as wide as its embedding. */
export interface RecurrentSizes {
  readonly num_layers: number
  readonly hidden_size: number
  readonly vocab_size: number
}

/**
 * The same of a training step of such a model: each layer's four gates read what lies below and their own last state, and
 * the head reads the last layer.
 */
export function recurrentStepFlops(sizes: RecurrentSizes, tokens: number): number {
  const { num_layers: layers, hidden_size: d, vocab_size: vocabulary } = sizes
  return 3 * 2 * tokens * (layers * 4 * 2 * d * d + d * vocabulary)
}

/** Of a token on its way through the linear layers and the head. */
function linearFlops({ n_layer: layers, n_embd: d, vocab_size: vocabulary }: DecoderSizes): number {
  return 2 * (layers * 12 * d * d + d * vocabulary)
}

/** How many tokens one sees on average, itself among them. */
function meanContext(length: number): number {
  return (length + 1) / 2
}

/** From the forward pass to the step; `untouched` is what below the lowest adapter needs no backward pass. */
function trained(method: 'full' | 'lora', linear: number, attention: number, untouched: number): number {
  return method === 'full' ? 3 * (linear + attention) : 2 * linear - untouched + 3 * attention
}

/** Share of the machine's ceiling (operations a second) that a step of so many operations reaches. */
export function utilisation(flops: number, stepMs: number, ceiling: number): number {
  return flops / (stepMs / 1000) / ceiling
}
