import { AttuneError } from '../../core/contract/errors.ts'

/**
 * `npm run bench -- [case …] [--json] [--compile] [--rounds N] [--steps N] [--list]`: Attune beside PyTorch,
 * transformers and peft on this machine. The report goes to stdout, what is under way to stderr.
 */
const [first = '', ...rest] = process.argv.slice(2)
try {
  if (first === 'part') {
    const { bePart } = await import('./parts/parts.ts')
    const [name = '', json = '{}'] = rest
    console.log(JSON.stringify(await bePart(name, json)))
  } else {
    const { runBench } = await import('./run-bench.ts')
    await runBench(process.argv.slice(2))
  }
} catch (thrown) {
  if (!(thrown instanceof AttuneError)) throw thrown
  console.error(thrown.message)
  process.exitCode = thrown.code === 'bad_request' ? 2 : 1
}
