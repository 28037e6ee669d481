/** What set-up says: one line a step, on stderr, so that a command's own output stays alone on stdout. */

const terminal = process.stderr.isTTY === true
let open = false

function closeLine() {
  if (open) process.stderr.write('\n')
  open = false
}

/** A whole line. */
export function say(text) {
  closeLine()
  process.stderr.write(`${text}\n`)
}

/** Progress of the present step: overwrites its own line on a terminal, says nothing elsewhere. */
export function progress(text) {
  if (!terminal) return
  process.stderr.write(`\r\x1b[2K${text}`)
  open = true
}

/** Ends the progress line of a step with its result. */
export function settle(text) {
  if (open) process.stderr.write('\r\x1b[2K')
  open = false
  process.stderr.write(`${text}\n`)
}

/** Bytes as a person reads them: 207 MB, 1.2 GB. */
export function size(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${Math.round(bytes / 1e6)} MB`
  return `${Math.max(1, Math.round(bytes / 1e3))} kB`
}

/** Runs one step: says what begins, shows how far it is, says how long it took. `work` gets a function of done and total. */
export async function step(title, work) {
  const start = Date.now()
  if (terminal) progress(`• ${title} …`)
  else say(`• ${title} …`)
  const value = await work((done, total, what = '') => {
    const share = total > 0 ? `${Math.min(99, Math.floor((100 * done) / total))} %` : size(done)
    progress(`• ${title} … ${what ? `${what} ` : ''}${share}`)
  })
  settle(`✓ ${title} (${((Date.now() - start) / 1000).toFixed(1)} s)`)
  return value
}
