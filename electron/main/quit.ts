import { dialog } from 'electron'
import type { App } from '../../core/app/create-app.ts'

/** Asks before a quit would end a run. True when nothing runs, or the person wants it. */
export async function mayQuit(app: Pick<App, 'handlers'>): Promise<boolean> {
  const { runs } = await app.handlers['runs.list']({})
  const running = runs.filter((run) => run.state === 'running')
  const [first] = running
  if (!first) return true
  const { response } = await dialog.showMessageBox({
    type: 'warning',
    message: running.length === 1 ? `“${first.name}” is still training.` : `${running.length} runs are still training.`,
    detail: 'Quitting stops it after its present step. Its weights and everything recorded so far are kept.',
    buttons: ['Keep training', 'Quit'],
    defaultId: 0,
    cancelId: 0,
  })
  return response === 1
}
