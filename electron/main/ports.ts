import { MessageChannelMain, type WebContents } from 'electron'
import type { App } from '../../core/app/create-app.ts'
import { attachPort } from '../../core/host/doors/port.ts'
import { channels } from '../channels.ts'
import { hear } from './ipc.ts'

/** Gives each page one end of a message port when it says that it is ready; the app answers at the other end. */
export function handOverPorts(app: Pick<App, 'handlers' | 'subscribe'>): void {
  const detachers = new WeakMap<WebContents, () => void>()
  hear(channels.ready, ({ sender }) => {
    // A reloaded page: the port of its former life is closed by then, or closes now.
    detachers.get(sender)?.()
    const { port1, port2 } = new MessageChannelMain()
    detachers.set(sender, attachPort(app, port1))
    sender.postMessage(channels.port, null, [port2])
  })
}
