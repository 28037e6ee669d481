import { randomInt } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { table } from '../../core/cli/table.ts'
import { type Kill, type Told, tellStory } from '../support/kill-story.ts'

/**
 * `npm run test:kill [-- --kills 100 --seed N]`: SIGKILL at random moments of real runs, half of them while a checkpoint
 * is being written. No database may be corrupt, no run unusable, and every run must come to the very end of one that was
 * not killed. What failed stays on the disk, and its seed draws the same moments again.
 */

const pace = { max_steps: 120, save_steps: 5, eval_steps: 20, precision: 'fp32' }
const stories: Readonly<Record<string, Record<string, unknown>>> = {
  full: pace,
  LoRA: { ...pace, method: 'lora', lora_dropout: 0.1 },
  accumulation: { ...pace, per_device_train_batch_size: 4, gradient_accumulation_steps: 3, save_minutes: 0.0005 },
  bf16: { ...pace, precision: 'bf16' },
}

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
})
const kills = Number(values.kills)
const seed = Number(values.seed)
if (!(kills >= 1) || !Number.isInteger(seed)) {
  console.error('--kills and --seed are whole numbers.')
  process.exit(2)
}

const root = await mkdtemp(join(tmpdir(), 'attune-kill-'))
const names = Object.keys(stories)
const begun = performance.now()
console.log(`${kills} kills, seed ${seed}, in ${root}`)

async function play(name: string, index: number): Promise<Told> {
  const home = join(root, name)
  await mkdir(home)
  const share = Math.floor(kills / names.length) + (index < kills % names.length ? 1 : 0)
  const tell = ({ number, moment, step, amidSave }: Kill) => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(0).padStart(4)
    const amid = amidSave ? ', amid a checkpoint' : ''
    console.log(`${seconds} s  ${name} ${number}/${share}: killed ${moment}, at step ${step}${amid}`)
  }
  return tellStory({ home, settings: stories[name] ?? {}, seed: seed + index, kills: share, tell })
}

/** Two at a time: each computes with all threads, but waits for the disk and starts much. */
const told: Told[] = []
const waiting = names.map((name, index) => ({ name, index }))
const lane = async () => {
  for (let next = waiting.shift(); next; next = waiting.shift()) told[next.index] = await play(next.name, next.index)
}
await Promise.all([lane(), lane()])

const all = told.flatMap(({ problems }) => problems)
console.log(
  `\n${table<[string, Told]>(
    [
      { title: 'RUN', value: ([name]) => name },
      { title: 'KILLS', value: ([, { kills }]) => String(kills.length), right: true },
      {
        title: 'AMID A CHECKPOINT',
        value: ([, { kills }]) => String(kills.filter(({ amidSave }) => amidSave).length),
        right: true,
      },
      {
        title: 'CAME TO THE SAME END',
        value: ([, { ended, problems }]) => String(problems.length > 0 ? 0 : ended),
        right: true,
      },
      { title: 'PROBLEMS', value: ([, { problems }]) => String(problems.length), right: true },
    ],
    told.map((story, index) => [names[index] ?? '', story] as const),
  )}`,
)
const total = told.reduce((sum, { kills }) => sum + kills.length, 0)
const minutes = ((performance.now() - begun) / 60_000).toFixed(1)
for (const problem of all) console.log(`✗ ${problem}`)
const amid = told.flatMap(({ kills }) => kills).filter(({ amidSave }) => amidSave).length
console.log(`\n${total} kills in ${minutes} min, ${amid} amid a checkpoint; ${all.length} problems; seed ${seed}`)
if (all.length === 0) await rm(root, { recursive: true, force: true })
else console.log(`What was found is kept in ${root}. Again: npm run test:kill -- --kills ${kills} --seed ${seed}`)
process.exit(all.length === 0 && total >= kills ? 0 : 1)
