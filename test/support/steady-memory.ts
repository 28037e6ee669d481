import { loadTfjsNode } from '../../core/engine/native/load.ts'
import { predict } from '../../core/train/predict.ts'
import { askedOf, tinySpec, trainTiny } from '../unit/train/fixture.ts'
import { lastCheckpoint } from './resume-exactly.ts'

/**
 * Trains, evaluates and predicts, again and again, and says after each round how many native tensors live and how much
 * memory the process takes. Run with --expose-gc. Arguments: a folder, rounds, steps a round.
 */
const [folder = '', rounds = '1', steps = '1'] = process.argv.slice(2)

interface Binding {
  createTensor(...given: unknown[]): number
  deleteTensor(id: number): void
  runSavedModel(...given: unknown[]): unknown[]
  executeOp(...given: unknown[]): unknown[]
}

const backend = (await loadTfjsNode(2)).backend() as unknown as { binding: Binding }
const { binding } = backend
let tensors = 0
/** Stands before the binding, whose own functions cannot be replaced. */
const counting: Binding = Object.create(binding) as Binding
backend.binding = counting
const counted = (name: keyof Binding, change: (result: unknown) => number) => {
  const original = binding[name].bind(binding) as (...given: unknown[]) => unknown
  const value = (...given: unknown[]) => {
    const result = original(...given)
    tensors += change(result)
    return result
  }
  Object.defineProperty(counting, name, { value })
}
counted('createTensor', () => 1)
counted('deleteTensor', () => -1)
counted('runSavedModel', (outputs) => (outputs as unknown[]).length)
counted('executeOp', (outputs) => (outputs as unknown[]).length)

for (let round = 0; round < Number(rounds); round++) {
  const spec = await tinySpec({ max_steps: Number(steps), eval_steps: Number(steps) }, `${folder}/${round}`)
  const { thrown, events } = await trainTiny(spec)
  if (thrown !== null) throw thrown
  const texts = ['win money now', 'the kernel patch']
  await predict({ ...askedOf(spec, lastCheckpoint(events)), texts })
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  process.stdout.write(`${JSON.stringify({ round, tensors, rss, heapUsed })}\n`)
}
process.exit(0)
