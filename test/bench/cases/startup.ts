import { runPeer } from '../peer/peer.ts'
import { times } from '../report.ts'
import { median } from '../statistics.ts'
import { inTurn } from '../turns.ts'
import type { Case } from './case.ts'
import { mailPeer, mailSettings } from './mails.ts'

/** From the start of the process to the first optimizer step, files in the page cache; fp32, so nothing is calibrated. */
export const startupCase: Case = {
  name: 'startup',
  about: 'start of the attune command to the first optimizer step, MiniLM on the e-mails',
  async *run(bench) {
    const home = await bench.home()
    const { peer, threads } = bench
    const ours = async () => (await home.train(mailSettings('full', 'fp32', 1), threads, 0)).firstStepMs / 1000
    const script = mailPeer(home, 'full', { precision: 'fp32', threads, steps: 1, warmUp: 0 })
    const sides = peer ? [ours, async () => (await runPeer(peer, script)).firstStepMs / 1000] : [ours]
    bench.say('startup …')
    await inTurn(1, sides) // what was just read from the disk is not read again
    const [seconds = [], peerSeconds] = await inTurn(bench.rounds, sides)
    const value = median(seconds)
    const against = peerSeconds ? { what: 'the transformers script', value: median(peerSeconds) } : null
    yield {
      kind: 'figure',
      case: 'startup',
      what: 'process start to first step',
      unit: 's',
      value,
      against,
      comes: against ? times(against.value / value) : '–',
      reach: '≥ 2.00×',
    }
  },
}
