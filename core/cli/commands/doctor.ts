import { backupsOf } from '../../app/restore.ts'
import type { AppInfo } from '../../contract/domain.ts'
import { bytes, moment } from '../format.ts'
import type { Ground } from '../ground.ts'
import type { Answer } from '../io.ts'
import { facts } from '../table.ts'

/** Something that is missing or short, and what to do about it. `serious`: nothing can be trained like this. */
export interface Finding {
  readonly what: string
  readonly advice: string
  readonly serious: boolean
}

/** A run of the starter model takes about so much memory and disk. */
const enoughMemory = 4e9
const enoughDisk = 2e9

/** What this machine has, what is missing, and what to do. Exit code 1 when nothing can be trained. */
export async function doctor({ call, host }: Ground): Promise<Answer> {
  const info = await call('app.info', {})
  const findings = findingsIn(info)
  const { engine } = info
  const [newest] = backupsOf(info.home)
  const places = facts([
    ['Attune', info.version],
    ['Node', process.versions.node],
    ['platform', info.platform],
    ['processor', `${info.cpu}, ${info.cores} cores; the engine uses ${host.threads} threads`],
    ['memory', `${bytes(info.freeMemoryBytes)} free of ${bytes(info.memoryBytes)}`],
    ['disk', `${bytes(info.freeDiskBytes)} free, ${bytes(info.usedDiskBytes)} used by Attune`],
    ['engine', engine ? `${engine.kind}, ${engine.backend} ${engine.version}` : 'none'],
    ['data home', info.home],
    ['last backup', newest ? moment(newest.at) : 'none yet'],
    ['cache', host.cache],
    ...info.starters.map((each) => [`starter:${each.name}`, each.available ? each.title : 'not here'] as const),
    ...info.samples.map((each) => [`sample:${each.name}`, each.available ? each.title : 'not here'] as const),
  ])
  const advice = findings.map(({ what, advice }) => `- ${what} ${advice}`).join('\n')
  return {
    value: { ...info, node: process.versions.node, threads: host.threads, cache: host.cache, findings },
    text: `${places}\n\n${findings.length === 0 ? 'Nothing is missing.' : advice}`,
    exitCode: findings.some(({ serious }) => serious) ? 1 : 0,
  }
}

export function findingsIn(info: AppInfo): Finding[] {
  const findings: Finding[] = []
  const add = (what: string, advice: string, serious = false) => findings.push({ what, advice, serious })
  if (info.engineProblem !== null) {
    add(info.engineProblem, 'See "Set-up" in README.md for what it needs.', info.engine === null)
  }
  for (const { name, available } of info.starters) {
    if (!available) add(`The starter model ${name} is not in the cache.`, 'Run "npm start" once to fetch it.')
  }
  const [sample] = info.samples
  if (sample?.available === false) {
    add(`The sample dataset ${sample.name} is not in the cache.`, 'Run "npm start" once to fetch it.')
  }
  if (info.freeMemoryBytes < enoughMemory) {
    add(
      `Only ${bytes(info.freeMemoryBytes)} of memory are free.`,
      'Close other programs, or train with a smaller batch size or max length.',
    )
  }
  if (info.freeDiskBytes < enoughDisk) {
    add(
      `Only ${bytes(info.freeDiskBytes)} are free on the disk of ${info.home}.`,
      'Delete runs that are no longer needed, or let ATTUNE_HOME name another disk.',
      info.freeDiskBytes < 1e8,
    )
  }
  return findings
}
