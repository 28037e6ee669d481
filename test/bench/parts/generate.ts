import { generationOptionsSchema } from '../../../core/contract/generation.ts'
import { openEngine } from '../../../core/engine/open.ts'
import { openGenerator } from '../../../core/generate/open.ts'
import type { Parts } from './parts.ts'

/** Greedy generation of one text by the generator of the app, once to warm up and once on the clock. */
export async function measureGeneration(spec: Parts['generate']['spec']): Promise<Parts['generate']['result']> {
  const { modelDir, precision, threads, prompt, tokens } = spec
  const engine = await openEngine('graph', threads)
  const generator = await openGenerator(engine, { modelDir, adapterDir: null, batch: 1, precision })
  const options = generationOptionsSchema.parse({ max_new_tokens: tokens })
  const write = async () => {
    const ids: number[] = []
    const atMs: number[] = []
    for await (const token of generator.generate([prompt], options)) {
      if (!('id' in token)) continue
      ids.push(token.id)
      atMs.push(performance.now())
    }
    if (ids.length !== tokens) throw new Error(`${ids.length} tokens came where ${tokens} were asked for`)
    return { ids, stepMs: atMs.slice(1).map((at, i) => at - (atMs[i] as number)) }
  }
  try {
    await write()
    const { ids, stepMs } = await write()
    // maxRSS is in kilobytes.
    const peakBytes = process.resourceUsage().maxRSS * 1024
    return { ids, stepMs, stepTokens: stepMs.map(() => 1), peakBytes, engine: generator.engine }
  } finally {
    generator.close()
  }
}
