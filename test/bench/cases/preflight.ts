import type { Bench } from '../bench.ts'
import type { Home, Settings, Subject } from '../home.ts'
import { percent } from '../report.ts'
import type { FigureResult, Result } from '../result.ts'
import type { Case } from './case.ts'
import { mailSettings } from './mails.ts'

const steps = 24

/** What the command foresees of a run after trying some steps, beside what the run then takes. */
export const preflightCase: Case = {
  name: 'preflight',
  about: 'memory and time as foreseen before a run beside what it takes: MiniLM and GPT-2-small, full and LoRA',
  async *run(bench) {
    const home = await bench.home()
    for (const method of ['full', 'lora'] as const) {
      yield* foreseen(bench, home, `MiniLM ${method}`, mailSettings(method, 'fp32', bench.stepsOr(steps)), home.mails)
    }
    for (const method of ['full', 'lora'] as const) {
      yield* foreseen(
        bench,
        home,
        `GPT-2-small ${method}`,
        textSettings(method, bench.stepsOr(steps)),
        await home.gpt2(),
      )
    }
  },
}

function textSettings(method: 'full' | 'lora', max_steps: number): Settings {
  return {
    method,
    max_steps,
    precision: 'fp32',
    max_length: 128,
    per_device_train_batch_size: 4,
    per_device_eval_batch_size: 4,
    logging_steps: 1,
    eval_steps: max_steps,
    max_train_samples: 500,
    max_eval_samples: 16,
  }
}

async function* foreseen(
  bench: Bench,
  home: Home,
  name: string,
  settings: Settings,
  subject: Subject,
): AsyncIterable<Result> {
  bench.say(`preflight, ${name} …`)
  const { memory, time } = await home.preflight(settings, bench.threads, subject)
  const { run, peakBytes } = await home.train(settings, bench.threads, 0, subject)
  const { timings } = run
  const row = (what: string, unit: FigureResult['unit'], value: number, measured: number): FigureResult => ({
    kind: 'figure',
    case: 'preflight',
    what: `${name}, ${what}`,
    unit,
    value,
    against: { what: 'the run', value: measured },
    comes: percent(value / measured - 1),
    reach: '± 20 %',
  })
  yield row('peak memory', 'MB', memory.peakBytes / 1e6, peakBytes / 1e6)
  yield row('mean step', 'ms', time.stepMs, timings ? (timings.seconds * 1000) / timings.steps : Number.NaN)
  yield row('whole run', 's', time.seconds, timings?.totalSeconds ?? Number.NaN)
}
