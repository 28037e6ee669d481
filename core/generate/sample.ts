import type { GenerationOptions } from '../contract/generation.ts'

/**
 * The next token out of logits, as transformers' logits processors and warpers do it, in their order: repetition penalty;
 * then, when drawing, temperature, top_k, top_p.
 */
export type SamplingOptions = Pick<
  GenerationOptions,
  'do_sample' | 'temperature' | 'top_k' | 'top_p' | 'repetition_penalty'
>

/** Tokens that are still in question, with their logits. */
export interface Candidates {
  readonly ids: Int32Array
  readonly logits: Float64Array
}

/** The first of the largest. */
export function argMax(logits: ArrayLike<number>): number {
  let best = 0
  let largest = logits[0] as number
  for (let i = 1; i < logits.length; i++) {
    if ((logits[i] as number) > largest) {
      largest = logits[i] as number
      best = i
    }
  }
  return best
}

/**
 * The next token; `seen` are the tokens so far, prompt included, and `draw` in [0, 1) is used when drawing. Changes
 * `logits` where a repetition penalty is asked for.
 */
export function nextToken(
  logits: Float32Array,
  seen: Iterable<number>,
  options: SamplingOptions,
  draw: () => number,
): number {
  penalise(logits, seen, options.repetition_penalty)
  if (!options.do_sample) return argMax(logits)
  return pick(candidates(logits, options), draw())
}

/** What occurred already loses (penalty above 1), in place and once each. Source: Keskar et al. 2019 (CTRL). */
export function penalise(logits: Float32Array, seen: Iterable<number>, penalty: number): void {
  if (penalty === 1) return
  for (const id of new Set(seen)) {
    const logit = logits[id] as number
    logits[id] = logit < 0 ? logit * penalty : logit / penalty
  }
}

/** What may be drawn, with logits over the temperature. Tokens as likely as the last that top_k lets in come in too. */
export function candidates(
  logits: Float32Array,
  { temperature, top_k: topK, top_p: topP }: Omit<SamplingOptions, 'do_sample' | 'repetition_penalty'>,
): Candidates {
  const most = topK > 0 ? topK : logits.length
  const allowed = largest(logits, most)
  const ids = topP < 1 ? nucleus(logits, allowed, temperature, topP) : allowed
  return { ids, logits: Float64Array.from(ids, (id) => (logits[id] as number) / temperature) }
}

/** The candidate at `draw` in [0, 1) of the way through their probabilities. */
export function pick({ ids, logits }: Candidates, draw: number): number {
  const most = logits.reduce((a, b) => Math.max(a, b))
  const weights = logits.map((logit) => Math.exp(logit - most))
  let rest = draw * weights.reduce((sum, weight) => sum + weight, 0)
  for (let i = 0; i < ids.length - 1; i++) {
    rest -= weights[i] as number
    if (rest < 0) return ids[i] as number
  }
  return ids.at(-1) as number
}

/** Ids of the k largest logits, and of all that equal the smallest of them; ascending. */
function largest(logits: Float32Array, k: number): Int32Array {
  if (k >= logits.length) return Int32Array.from({ length: logits.length }, (_, i) => i)
  // A heap of the largest so far, the smallest of them on top.
  const heap = logits.slice(0, k)
  for (let i = (k >> 1) - 1; i >= 0; i--) sink(heap, i)
  for (let i = k; i < logits.length; i++) {
    if ((logits[i] as number) <= (heap[0] as number)) continue
    heap[0] = logits[i] as number
    sink(heap, 0)
  }
  const ids: number[] = []
  for (let i = 0; i < logits.length; i++) if ((logits[i] as number) >= (heap[0] as number)) ids.push(i)
  return Int32Array.from(ids)
}

function sink(heap: Float32Array, from: number): void {
  const value = heap[from] as number
  let at = from
  for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++
    if ((heap[child] as number) >= value) break
    heap[at] = heap[child] as number
    at = child
  }
  heap[at] = value
}

/** The likeliest of `allowed`: each as long as those before it have not reached `topP`. Source: Holtzman et al. 2020. */
function nucleus(logits: Float32Array, allowed: Int32Array, temperature: number, topP: number): Int32Array {
  let most = Number.NEGATIVE_INFINITY
  for (const id of allowed) most = Math.max(most, logits[id] as number)
  const weight = (id: number) => Math.exp(((logits[id] as number) - most) / temperature)
  let total = 0
  for (const id of allowed) total += weight(id)
  // Few are likely: they are found without sorting all the others.
  for (let guess = 64; ; guess *= 8) {
    const likely = guess < allowed.length ? largest(logits, guess) : allowed
    const order = likely.toSorted((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)
    let before = 0
    let end = 0
    while (end < order.length && before < topP * total) before += weight(order[end++] as number)
    if (end < order.length || likely === allowed) return order.subarray(0, end)
  }
}
