import type { Session, WebContents } from 'electron'
import { isOurs, origin } from './scheme.ts'

/** What a page may ask of the system. Electron grants everything unless told otherwise. */
const allowedPermissions = new Set(['clipboard-sanitized-write', 'notifications'])

/** Denies every permission and device but the few above, and every request that leaves our scheme. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, callback) => {
    callback(allowedPermissions.has(permission))
  })
  session.setPermissionCheckHandler((_contents, permission) => allowedPermissions.has(permission))
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler((_request, callback) => callback({}))
  session.webRequest.onBeforeRequest((details, callback) => {
    callback({ cancel: !isInside(details.url) })
  })
  // A chart that is saved is made by the page itself.
  session.on('will-download', (event, item) => {
    if (!item.getURL().startsWith(`blob:${origin}/`)) event.preventDefault()
  })
}

/** Our own pages, what they make themselves (saved charts), and the developer tools. */
function isInside(address: string): boolean {
  if (isOurs(address)) return true
  return address.startsWith('blob:') || address.startsWith('data:') || address.startsWith('devtools:')
}

/** Keeps a page where it is: no navigation away, no new windows, no webviews. Applied to all contents there are. */
export function guardContents(contents: WebContents): void {
  const stay = (event: { preventDefault(): void; url: string }) => {
    if (!isOurs(event.url)) event.preventDefault()
  }
  contents.on('will-navigate', stay)
  contents.on('will-frame-navigate', stay)
  contents.on('will-redirect', stay)
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}
