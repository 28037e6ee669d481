import { useLocation } from 'wouter'
import type { Run } from '../../../core/contract/domain.ts'
import type { Input } from '../../../core/contract/methods.ts'
import { comparePath } from '../../app/selection.ts'
import { useAct } from '../../client/hooks.ts'
import { formatBytes, formatShort } from '../../ui/format.ts'
import { notifyDone, offerUndo } from '../../ui/undo.tsx'
import { useReproduce } from './use-reproduce.ts'

/** Whether nothing is under way, for good or for now: it may be deleted, archived and exported from. */
export function isOver(run: Pick<Run, 'state'>): boolean {
  return run.state !== 'queued' && run.state !== 'running'
}

/** What can be done with one run. Failures are shown as notifications. */
export function useRunActs(run: Run) {
  const [, navigate] = useLocation()
  const { id, name } = run
  const stop = useAct('runs.stop')
  const update = useAct('runs.update')
  const archive = useAct('runs.archive')
  const remove = useAct('runs.delete')
  const restore = useAct('runs.restore')
  const resume = useAct('runs.resume')
  const move = useAct('queue.move')
  const reproduce = useReproduce()
  const asModel = useAct('models.fromRun')
  const baseline = useAct('runs.recurrentBaseline')

  return {
    stop: (keep: boolean) => stop.mutate({ id, keep }),
    move: (to: Input<'queue.move'>['to']) => move.mutate({ id, to }),
    leaveQueue: () =>
      stop.mutate(
        { id, keep: false },
        {
          onSuccess: ({ run: left }) =>
            offerUndo(left.state === 'paused' ? `“${name}” is paused again.` : `“${name}” is out of the queue.`, () =>
              resume.mutateAsync({ id }),
            ),
        },
      ),
    fork: (checkpoint: 'best' | 'last' | number = 'best') => navigate(`/new?fork=${id}&checkpoint=${checkpoint}`),
    reproduce: () => reproduce(id),
    makeModel: (checkpoint: 'best' | 'last' | number = 'best') =>
      asModel.mutate(
        { run: id, checkpoint },
        { onSuccess: ({ model }) => notifyDone(`“${model.name}” is a model now: new runs can start from it.`) },
      ),
    /** A recurrent model of the same size is trained on the same; the two are shown side by side. */
    trainBaseline: () =>
      baseline.mutate(
        { id },
        {
          onSuccess: ({ model, run: beside }) => {
            navigate(comparePath([id, beside.id]))
            notifyDone(`“${model.name}” has ${formatShort(model.parameters)} parameters; its run is queued.`)
          },
        },
      ),
    rename: (to: string) => update.mutate({ id, name: to }),
    setNotes: (notes: string) => update.mutate({ id, notes }),
    archive: (archived: boolean) =>
      archive.mutate(
        { id, archived },
        {
          onSuccess: () => {
            if (!archived) return notifyDone(`“${name}” is back in the list.`)
            offerUndo(`“${name}” is archived.`, () => archive.mutateAsync({ id, archived: false }))
          },
        },
      ),
    remove: () =>
      remove.mutate(
        { id },
        {
          onSuccess: ({ bytes }) => {
            navigate('/runs')
            offerUndo(`“${name}” is deleted, ${formatBytes(bytes)} in the trash.`, async () => {
              await restore.mutateAsync({ id })
              navigate(`/runs/${id}`)
            })
          },
        },
      ),
  }
}
