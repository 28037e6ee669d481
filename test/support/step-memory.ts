import { openEngine } from '../../core/engine/open.ts'
import { writeVariables } from '../../core/engine/variables.ts'
import { clearHeld } from '../../core/train/session-state.ts'
import { trainableOf } from '../../core/train/trainable.ts'
import { type SessionName, someFeeds, trainedSession } from './trained-session.ts'

/**
 * A process of its own: some training steps and an evaluation. Then on stdout, as JSON, in bytes, its peak memory and
 * what it held before the session was opened. Arguments: which session, settings as JSON.
 */
const [name, settings = '{}'] = process.argv.slice(2)
const { config, spec, model, programs } = trainedSession(name as SessionName, JSON.parse(settings) as object)
const engine = await openEngine('graph', 2)
const before = process.memoryUsage.rss()
const session = await engine.open(spec)
const trainable = trainableOf(model, config)
writeVariables(session, { ...model.parameters, ...trainable.adapters }, (_, { shape }) => {
  const size = shape.reduce((a, b) => a * b, 1)
  return Float32Array.from({ length: size }, (_unused, i) => Math.sin(i) / 10)
})
clearHeld(session, model, trainable, config)
for (const program of programs) session.run(program, someFeeds(spec, program))
session.close()
// maxRSS is in kilobytes.
process.stdout.write(JSON.stringify({ peak: process.resourceUsage().maxRSS * 1024, before }))
