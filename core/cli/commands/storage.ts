import type { RunSpace } from '../../contract/domain.ts'
import { bytes } from '../format.ts'
import { findRun, type Ground } from '../ground.ts'
import type { Answer } from '../io.ts'
import { facts, table } from '../table.ts'

export async function showStorage({ call }: Ground): Promise<Answer> {
  const storage = await call('storage.get', {})
  const { runs } = await call('runs.list', {})
  const runOf = (id: string) => runs.find((run) => run.id === id)
  const none = (amount: number) => (amount === 0 ? '–' : bytes(amount))
  const text = [
    facts([
      ['runs', bytes(storage.runBytes)],
      ['models', bytes(storage.modelBytes)],
      ['datasets', bytes(storage.datasetBytes)],
      ['exports', bytes(storage.exportBytes)],
      ['trash', bytes(storage.trashBytes)],
      ['free on this disk', bytes(storage.freeDiskBytes)],
    ]),
    table(
      [
        { title: 'RUN', value: ({ run }: RunSpace) => run },
        { title: 'NAME', value: ({ run }) => runOf(run)?.name ?? '', max: 32 },
        { title: 'STATE', value: ({ run }) => runOf(run)?.state ?? '' },
        { title: 'ON DISK', value: (space) => bytes(space.bytes), right: true },
        { title: 'CHECKPOINTS', value: ({ checkpoints }) => String(checkpoints), right: true },
        { title: 'SPARE', value: ({ spareBytes }) => none(spareBytes), right: true },
        { title: 'OPTIMIZER', value: ({ optimizerBytes }) => none(optimizerBytes), right: true },
      ],
      storage.runs,
    ),
  ]
  return { value: storage, text: text.join('\n\n') }
}

/** For good: this command does not stay to undo it. */
export async function freeStorage(
  ground: Ground,
  wanted: readonly string[],
  { optimizer }: { readonly optimizer: boolean },
): Promise<Answer> {
  const runs: string[] = []
  for (const each of wanted) runs.push((await findRun(ground, each)).id)
  const freed = await ground.call('storage.free', { ...(runs.length > 0 && { runs }), optimizer })
  return { value: { bytes: freed.bytes }, text: `${bytes(freed.bytes)} are free again.` }
}

export async function emptyTrash({ call }: Ground): Promise<Answer> {
  const emptied = await call('storage.emptyTrash', {})
  return {
    value: emptied,
    text: `${bytes(emptied.bytes)} are free again. What was deleted cannot be restored any more.`,
  }
}
