import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { optimizerFile } from '../../core/checkpoint/training-state.ts'
import { table } from '../../core/cli/table.ts'
import { writeRowStore } from '../../core/data/row-store.ts'
import type { RunEvent, TrainSpec } from '../../core/worker/protocol.ts'
import {
  finalTensors,
  nameOf,
  numbersOf,
  resumeCases,
  resumeSpec,
  type StopPoint,
  trainBroken,
} from '../support/resume-exactly.ts'
import { corpus, ofKind, trainTiny } from '../unit/train/fixture.ts'

/**
 * `npm run test:resume [-- CASE …]`: each case trained unbroken, then broken off and gone on with at each of twenty
 * points, then at all of them in turn. Losses, weights and moments must be the same to the last bit.
 */

/** Ten short rows and ten of twice the length: batches of both lengths, 24 steps, or 18 of three batches each. */
const rows = [...corpus, ...corpus.map(({ text, label }) => ({ text: `${text} and ${text}`, label }))]

const at = (step: number, microStep = 0): StopPoint => ({ step, microStep })
/** Of 24 steps in three epochs: every one but these. The first two are amid warm-up, the others anywhere. */
const left = new Set([6, 13, 22])
const whole = Array.from({ length: 23 }, (_, i) => at(i + 1)).filter(({ step }) => !left.has(step))
/** Of 18 steps, six an epoch, whose last has one batch: between batches, and between steps. */
const amid = [
  ...[at(0, 1), at(0, 2), at(1), at(1, 1), at(2, 2), at(3), at(4, 1), at(5), at(6), at(6, 1)],
  ...[at(7, 2), at(8), at(9, 1), at(10, 2), at(11), at(12), at(12, 2), at(14, 1), at(16, 2), at(17)],
]

interface Outcome {
  readonly losses: boolean
  readonly weights: boolean
  readonly moments: boolean
}

interface Row extends Outcome {
  readonly stopped: string
  readonly where: string
  readonly seconds: number
}

async function compare(unbroken: readonly RunEvent[], broken: readonly RunEvent[]): Promise<Outcome> {
  const { [optimizerFile]: moments, ...weights } = await finalTensors(unbroken)
  const { [optimizerFile]: otherMoments, ...otherWeights } = await finalTensors(broken)
  return {
    losses: same(numbersOf(unbroken), numbersOf(broken)),
    weights: same(weights, otherWeights) && Object.keys(weights).length > 0,
    moments: moments !== undefined && moments === otherMoments,
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'attune-resume-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function specIn(dir: string, name: string): Promise<TrainSpec> {
  const spec = await resumeSpec(resumeCases[name] ?? {}, dir)
  const numbered = async function* () {
    for (const [i, row] of rows.entries()) yield { line: i + 2, ...row }
  }
  await writeRowStore(spec.datasetDir, numbered())
  return spec
}

function placeOf({ step, microStep }: StopPoint, perEpoch: number): string {
  if (microStep > 0) return `${microStep} of the next step's batches`
  const place = step % perEpoch
  return place === 0 ? 'end of an epoch' : place === 1 ? 'first step of an epoch' : 'amid an epoch'
}

/** True when all of a case is byte-identical. */
async function runCase(name: string): Promise<boolean> {
  return inFolder(async (home) => {
    const { events, thrown } = await trainTiny(await specIn(join(home, 'unbroken'), name))
    if (thrown !== null) throw thrown
    const plan = ofKind(events, 'plan')[0]?.plan
    const points = (resumeCases[name]?.gradient_accumulation_steps ?? 1) > 1 ? amid : whole
    const found: Row[] = []
    for (const stops of [...points.map((point) => [point]), points]) {
      const [first] = stops
      if (first === undefined) continue
      const begun = performance.now()
      process.stderr.write('.')
      const broken = await inFolder(async (dir) => compare(events, await trainBroken(await specIn(dir, name), stops)))
      found.push({
        ...broken,
        stopped: stops.length > 1 ? `all ${stops.length}` : nameOf(first),
        where: stops.length > 1 ? 'one after the other' : placeOf(first, plan?.stepsPerEpoch ?? 1),
        seconds: (performance.now() - begun) / 1000,
      })
    }
    const good = found.filter(isSame)
    process.stderr.write('\n')
    console.log(`\n${name}: ${plan?.totalSteps} steps, ${good.length} of ${found.length} byte-identical`)
    const say = (equal: boolean) => (equal ? 'same' : 'DIFFERENT')
    console.log(
      table<Row>(
        [
          { title: 'STOPPED AFTER', value: ({ stopped }) => stopped },
          { title: 'WHICH IS', value: ({ where }) => where },
          { title: 'LOSSES', value: ({ losses }) => say(losses) },
          { title: 'WEIGHTS', value: ({ weights }) => say(weights) },
          { title: 'MOMENTS', value: ({ moments }) => say(moments) },
          { title: 'SECONDS', value: ({ seconds }) => seconds.toFixed(1), right: true },
        ],
        found,
      ),
    )
    return good.length === found.length
  })
}

const isSame = ({ losses, weights, moments }: Outcome) => losses && weights && moments

const wanted = process.argv.slice(2)
const names = Object.keys(resumeCases)
const unknown = wanted.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`There is no case "${unknown.join('", "')}". The cases are: ${names.join(', ')}.`)
  process.exit(2)
}
const failed: string[] = []
for (const name of wanted.length > 0 ? wanted : names) if (!(await runCase(name))) failed.push(name)
console.log(failed.length === 0 ? '\nall resumed runs are byte-identical' : `\nnot identical: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
