import { readdir } from 'node:fs/promises'
import { verifyCheckpoint } from '../../core/checkpoint/save.ts'
import { toErrorPayload } from '../../core/contract/errors.ts'
import { trainTiny } from '../unit/train/fixture.ts'
import { failCalls } from './failing-calls.ts'
import { numbersOf, pauseAt, resumeSpec } from './resume-exactly.ts'

/**
 * Trains to a checkpoint, then goes on again and again to the next one, while another call of its writing fails with a
 * full disk: each time says what is left. At last goes on untroubled, beside a run that never was troubled.
 * Arguments: a folder, how many calls to go on by.
 */
const [folder = '', stride = '1'] = process.argv.slice(2)
const tell = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`)
const change = { save_steps: 2, eval_steps: 100, num_train_epochs: 2 }

const unbroken = await trainTiny(await resumeSpec(change, `${folder}/unbroken`))
const spec = await resumeSpec(change, `${folder}/troubled`)
const first = await trainTiny(spec, pauseAt({ step: 2, microStep: 0 }))
const resumeFrom = `${spec.runDir}/checkpoint-2`

const numbers = numbersOf(first.events)
for (let call = 1, isOver = false; !isOver; call += Number(stride)) {
  const end = failCalls({ call, code: 'ENOSPC', forEver: true })
  // The next save is after step 4.
  const pause = pauseAt({ step: 4, microStep: 0 }, { step: 2, microStep: 0 })
  const { thrown, events } = await trainTiny({ ...spec, resumeFrom }, pause)
  isOver = !end().fired
  const names = await readdir(spec.runDir)
  for (const name of names) await verifyCheckpoint(`${spec.runDir}/${name}`)
  if (!isOver) tell({ call, code: thrown === null ? null : toErrorPayload(thrown).code, names })
  else numbers.push(...numbersOf(events))
}

const last = await trainTiny({ ...spec, resumeFrom: `${spec.runDir}/checkpoint-4` })
numbers.push(...numbersOf(last.events))
tell({ end: JSON.stringify(numbers) === JSON.stringify(numbersOf(unbroken.events)) ? 'same' : 'different' })
process.exit(0)
