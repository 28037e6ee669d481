import { nativeVersion } from '../../core/engine/native/load.ts'
import { engineThreads } from '../../core/host/threads.ts'
import { readArguments } from './arguments.ts'
import { Bench } from './bench.ts'
import { cases } from './cases/all.ts'
import { describeMachine } from './machine.ts'
import { peerEnvironment } from './peer/environment.ts'
import { reportText } from './report.ts'
import type { Result } from './result.ts'

/** Runs the cases that the command line names, and prints what they found. A case that fails does not end the others. */
export async function runBench(argv: readonly string[]): Promise<void> {
  const args = readArguments(
    argv,
    cases.map(({ name }) => name),
  )
  if (args.list) {
    for (const { name, about } of cases) console.log(`${name.padEnd(12)}  ${about}`)
    return
  }
  const say = (text: string) => console.error(text)
  const threads = engineThreads()
  const peer = await peerEnvironment(say)
  const without = typeof peer === 'string'
  const machine = describeMachine(threads, nativeVersion, without ? 'none' : peer.versions)
  const bench = new Bench(args, threads, without ? null : peer, say)
  if (without) {
    say(peer)
    bench.note(peer)
  }
  const results: Result[] = []
  try {
    for (const one of cases.filter(({ name }) => args.cases.includes(name))) {
      try {
        for await (const result of one.run(bench)) results.push(result)
      } catch (thrown) {
        bench.note(`${one.name} failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
        process.exitCode = 1
      }
    }
  } finally {
    await bench.close()
  }
  const report = { machine, ceilings: bench.ceilings, results, notes: bench.notes }
  console.log(args.json ? JSON.stringify(report, null, 2) : reportText(report))
}
