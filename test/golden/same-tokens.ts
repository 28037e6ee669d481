import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generationOptionsSchema } from '../../core/contract/generation.ts'
import { openEngine } from '../../core/engine/open.ts'
import { openGenerator } from '../../core/generate/open.ts'
import { peerEnvironment } from '../bench/peer/environment.ts'
import { openWriter } from './writer.ts'

/**
 * `npm run test:tokens`: full-sized models out of Hugging Face folders write 64 tokens greedily, here and in transformers.
 * Prints for each how many are the same; exit code 1 unless all are. Python's side is the benchmark's.
 */

const peer = await peerEnvironment((text) => process.stderr.write(`${text}\n`))
if (typeof peer === 'string') {
  process.stderr.write(`${peer}\n`)
  process.exit(1)
}
const dir = mkdtempSync(join(tmpdir(), 'attune-tokens-'))
try {
  execFileSync(peer.python, [join(import.meta.dirname, 'same-tokens.py'), dir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const told = JSON.parse(readFileSync(join(dir, 'tokens.json'), 'utf8')) as Record<
    string,
    { prompts: number[][]; tokens: number[][]; startId?: number }
  >
  let all = true
  for (const [name, { prompts, tokens, startId }] of Object.entries(told)) {
    const most = tokens[0]?.length ?? 0
    const ours =
      startId === undefined
        ? await written(join(dir, name), prompts, most)
        : await writtenOutOf(join(dir, name), prompts, most, startId)
    const same = tokens.flatMap((row, i) => row.filter((id, at) => ours[i]?.[at] === id)).length
    const count = tokens.flat().length
    all &&= same === count
    process.stdout.write(
      `${name}: ${same} of ${count} tokens as transformers, after prompts of ${prompts.map((row) => row.length)}\n`,
    )
  }
  process.stdout.write(`(${peer.versions})\n`)
  process.exitCode = all ? 0 : 1
} finally {
  rmSync(dir, { recursive: true, force: true })
}

async function written(modelDir: string, prompts: readonly number[][], most: number): Promise<number[][]> {
  const engine = await openEngine('graph', 2)
  const options = generationOptionsSchema.parse({ max_new_tokens: most })
  const rows: number[][] = prompts.map(() => [])
  const generator = await openGenerator(engine, { modelDir, adapterDir: null, batch: 1, precision: 'fp32' })
  try {
    for (const [i, prompt] of prompts.entries()) {
      for await (const token of generator.generate([prompt], options, { ended: () => false })) {
        if ('id' in token) rows[i]?.push(token.id)
      }
    }
    return rows
  } finally {
    generator.close()
  }
}

/** The same of a model that makes a text out of another. */
async function writtenOutOf(
  modelDir: string,
  sources: readonly number[][],
  most: number,
  startId: number,
): Promise<number[][]> {
  const length = Math.max(...sources.map((source) => source.length))
  const rules = { startId, endIds: [], forcedEndId: null, bannedIds: [] }
  const options = { engine: 'graph', length, maxTokens: most, examples: 1, beams: 1, rules } as const
  const { write, close } = await openWriter(modelDir, options)
  try {
    return sources.flatMap((source) => write([source]))
  } finally {
    close()
  }
}
