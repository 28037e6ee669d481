import { isMainThread, parentPort } from 'node:worker_threads'
import { toErrorPayload } from '../contract/errors.ts'
import { outputTasks } from '../contract/settings.ts'
import { shareFirstUse } from '../engine/native/first-use.ts'
import { EventGroups } from './event-groups.ts'
import { type FromWorker, stopWord, type ToWorker } from './protocol.ts'

/** What runs in a run's thread: takes one `start`, answers with groups of events, and ends. */

const startedAt = performance.now()
const startBytes = process.memoryUsage.rss()

if (isMainThread || !parentPort) throw new Error('worker/entry.ts is the script of a worker thread')
const port = parentPort

// A posted message leaves at once, even while this thread computes without pause.
const post = (message: FromWorker) => port.postMessage(message)

port.once('message', async ({ spec, control, firstUse }: ToWorker) => {
  shareFirstUse(firstUse)
  const words = new Int32Array(control)
  const groups = new EventGroups((seq, events) => post({ type: 'events', seq, events }))
  const stop = () => Atomics.load(words, stopWord) as 0 | 1 | 2 | 3
  try {
    if (spec.kind === 'train') {
      // Imported here, so that the time to load TensorFlow counts as the run's.
      const { train } = await import('../train/train.ts')
      await train(spec, (event) => groups.add(event), { stop, startedAt, startBytes })
    } else if (spec.kind === 'generate') {
      if (outputTasks.includes(spec.config.task)) {
        const { writeOutputs } = await import('../train/write-outputs.ts')
        await writeOutputs(spec, post, () => stop() !== 0)
      } else {
        const { generateTexts } = await import('../generate/generate-texts.ts')
        await generateTexts(spec, post, () => stop() !== 0)
      }
    } else if (spec.kind === 'preflight') {
      const { preflight } = await import('../train/preflight/preflight.ts')
      const { reporterOf } = await import('../train/reporter.ts')
      const reporter = reporterOf((event) => groups.add(event))
      post({ type: 'preflight', preflight: await preflight(spec, reporter, { stop, startedAt, startBytes }) })
    } else if (spec.kind === 'pace') {
      const { measurePace } = await import('../train/pace.ts')
      const { reporterOf } = await import('../train/reporter.ts')
      const reporter = reporterOf((event) => groups.add(event))
      post({ type: 'pace', pace: await measurePace(spec, reporter, { stop }) })
    } else if (spec.kind === 'create') {
      const { createModel } = await import('../train/create-model.ts')
      const { reporterOf } = await import('../train/reporter.ts')
      await createModel(
        spec,
        reporterOf((event) => groups.add(event)),
        { stop },
      )
    } else {
      const { predict } = await import('../train/predict.ts')
      const { reporterOf } = await import('../train/reporter.ts')
      const reporter = reporterOf((event) => groups.add(event))
      post({ type: 'predictions', predictions: await predict(spec, reporter, { stop }) })
    }
    groups.close()
    post({ type: 'done' })
  } catch (thrown) {
    groups.close()
    post({ type: 'failed', error: toErrorPayload(thrown) })
  } finally {
    port.close()
  }
})
