import type { Client } from './client.ts'
import { httpClient } from './wires/http.ts'
import { portClient } from './wires/port.ts'

/** The desktop shell's port when there is one, else HTTP to where the page came from. */
export function connect(): Client {
  return window.attune ? portClient(window.attune) : httpClient()
}
