import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Demo, Shown } from './demo.ts'
import { demos } from './demos.ts'
import { openWorkbench } from './workbench.ts'

/**
 * `npm run demo:family [-- KIND …] [--home FOLDER]`: each kind of the Transformer family trains on its sample data, one
 * line a training. The runs stay in a data home of their own, to be looked at with ATTUNE_HOME. Exit code 1 when one
 * fails, or is not far above chance.
 */

const args = process.argv.slice(2)
const homeAt = args.indexOf('--home')
const home = resolve(homeAt < 0 ? 'artifacts/family' : (args[homeAt + 1] ?? 'artifacts/family'))
const kinds = homeAt < 0 ? args : args.toSpliced(homeAt, 2)
const unknown = kinds.find((kind) => !demos.some((demo) => demo.kind === kind))
if (unknown !== undefined) {
  process.stderr.write(`There is no kind "${unknown}"; there is ${demos.map(({ kind }) => kind).join(', ')}.\n`)
  process.exit(2)
}

await mkdir(home, { recursive: true })
process.env.ATTUNE_HOME = home
const bench = await openWorkbench(home)
const begun = performance.now()
let failed = 0
print(['kind', 'what', 'parameters', 'steps', 'seconds', 'metric', 'before', 'after'])
try {
  for (const demo of demos.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))) await show(demo)
} finally {
  await bench.close()
}
process.stdout.write(`${Math.round((performance.now() - begun) / 1000)} s in all; the runs are in ${home}\n`)
process.exitCode = failed > 0 ? 1 : 0

async function show(demo: Demo): Promise<void> {
  try {
    for (const shown of await demo.run(bench)) print(lineOf(demo.kind, shown))
  } catch (thrown) {
    failed++
    process.stdout.write(`${demo.kind}: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
  }
}

function lineOf(kind: string, { what, run, metric, before, beforeIs, better, atLeast }: Shown): string[] {
  const after = run.metrics[metric]?.best.value ?? Number.NaN
  const good = better === 'higher' ? after >= atLeast : after <= atLeast
  if (!good) failed++
  return [
    kind,
    what,
    `${((run.plan?.parameters ?? 0) / 1e6).toFixed(2)} M`,
    String(run.step),
    (run.timings?.totalSeconds ?? Number.NaN).toFixed(1),
    metric,
    `${before.toPrecision(3)} (${beforeIs})`,
    `${after.toPrecision(3)}${good ? '' : `, expected ${better === 'higher' ? 'at least' : 'at most'} ${atLeast}`}`,
  ]
}

function print(cells: readonly string[]): void {
  const widths = [16, 34, 10, 6, 8, 22, 24, 10]
  process.stdout.write(
    `${cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(' ')
      .trimEnd()}\n`,
  )
}
