/** CR, LF and CRLF, mixed as they may be, all as LF; also where a pair is cut by the end of a piece. */
export async function* unifyNewlines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let heldReturn = false
  for await (const piece of pieces) {
    const text: string = heldReturn ? `\r${piece}` : piece
    heldReturn = text.endsWith('\r')
    const whole = heldReturn ? text.slice(0, -1) : text
    if (whole !== '') yield whole.includes('\r') ? whole.replace(/\r\n?/g, '\n') : whole
  }
  if (heldReturn) yield '\n'
}
